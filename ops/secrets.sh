#!/bin/sh
# Makes what docker-compose.yml mounts from secrets/: passwords, and addresses that hold them. What is there stays as it is, so
# it may be run at any time. To change a password see ops/runbook.md.
#
#   sh ops/secrets.sh [FOLDER]
#
# Containers read the files as users of their own, so the files are readable by all, and the folder by its owner only.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
pages=$here/../docs
folder=${1:-"$here/../secrets"}
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

random() {  # 48 hexadecimal digits: nothing to be encoded in an address
  head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

put() {  # put NAME: standard input becomes the secret of this name, whole or not at all
  cat >".$1" && chmod 444 ".$1" && mv -f ".$1" "$1"
  echo "covey: made secrets/$1"
}

keep() {  # keep NAME: the same, unless there is one
  if [ -s "$1" ]; then cat >/dev/null; else put "$1"; fi
}

password_in() {  # password_in NAME: the password of the address in this file
  sed -E 's|^[a-z]+://[^:]*:([^@]*)@.*|\1|' "$1"
}

echo "redis://covey:$(random)@redis:6379/0" | keep redis_url
random | keep redis_admin_password
echo "mongodb://covey:$(random)@mongo:27017/?authSource=admin" | keep mongo_uri
echo "mongodb://analyst:$(random)@mongo:27017/?authSource=admin" | keep mongo_analyst_uri
random | keep mongo_root_password
random | keep grafana_password
head -c 32 /dev/urandom | base64 | tr '+/' '-_' | keep credential_keys

# The users of Redis, made again when the rights of docs/security.md change. Who has no password may ask whether it lives.
users=$(
  echo "user default on nopass resetkeys resetchannels -@all +ping"
  echo "user admin on >$(cat redis_admin_password) ~* &* +@all"
  sed -n "s|^ACL SETUSER covey on >PASSWORD|user covey on >$(password_in redis_url)|p" "$pages/security.md"
)
if [ "$(cat redis_users 2>/dev/null)" != "$users" ]; then
  [ ! -e redis_users ] || echo "covey: the rights in Redis have changed: docker compose restart redis"
  echo "$users" | put redis_users
fi

chmod a+r ./* # yours too: put there with an umask of one's own, containers could not read them
