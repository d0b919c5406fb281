"""The credentials that X is asked with: kept encrypted, offered to the gateway, renewed once for all processes.

    secrets    what must not be seen: a token, an account's tokens, the keys of OAuth 1.0a
    vault      encryption, under keys that the operator holds
    standing   pure: may a stored credential be used now, and if not why and for how long
    renewal    the one renewal of a rotating token, and what becomes of it
    keeping    storing secrets, and moving all of them to a new key
    notices    the metric and the log lines about them
    pool       what one process knows of all that; the source of the gateway

A stored credential, as its document in `X_credentials` says (times are MongoDB's):

            +------------------------- stored: version + 1 --------------------------+
            v                                                                        |
         usable --refused, or near its end--> due --claim--> being renewed --tokens--+
            ^                                  ^                  |
            |                                  +---- no answer, or X's fault: after a pause
            |                                  +---- the process died: when its lease ends
            +-- a quarter of an hour -- paused <-- X refuses the app
            |                           paused <-- the token that replaced a refused one is refused too
            +-- `covey connect` ------- lost   <-- X does not take the refresh token: it was used, or taken back

Failures. A refresh token works once, so between X's answer and the write there is a moment in which the only valid
tokens are in one process. The claim is the intent that is written before the call. A process that dies after it leaves
the claim; when its lease ends the next one tries the old refresh token once more, and X says whether it was used: then
the credential is lost, which is logged as an error, counted, and shown with what to do. A process that lives and
cannot write keeps the tokens and writes them when MongoDB is back, over a verdict of lost too: whoever holds tokens
that X issued for a version may store them as the next one, and nobody else can have any. A process that was stopped
for long between its claim and the call does not make the call.
"""
