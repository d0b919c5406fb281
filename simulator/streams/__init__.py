"""The two streams of one simulator: who asks for what, who is connected, and what they are sent."""
