#!/bin/sh
# Where does the traffic of this machine leave? Prints one line of JSON and one of proof that this is all of it, nothing
# else, and always ends well: "<nonce> <bytes of the first line> <SHA-256 of them, in hex>".
#
#   egress_probe.sh NONCE ECHO_URLS MUST_REACH MUST_NOT_REACH CONNECTIONS
#
# Lists are separated by commas; "-" is the empty one. Each echo URL is asked CONNECTIONS times, on a connection of its
# own: a NAT gateway with several addresses picks one per connection. In the answer "url" is a position in the list that
# was given, and "error" is the exit code of curl (127: there is no curl), so that the line stays below the 2,500
# characters that Run Command shows of it, whatever the length of the URLs.
#
# POSIX sh and curl. This text is also carried inside SSM documents, in single quotes: it must hold no single quote and
# no pair of opening braces. What bounds its time: CONNECTIONS + 1 rounds of 8 s, then 16 s for every ten URLs to open.

exec 2>/dev/null
set -f
export LC_ALL=C

# get OPTIONS URL: no settings of the machine, no proxy, TLS only, and slow: a stranger may send without end.
get() {
  curl -q --noproxy "*" -s --proto =https --connect-timeout 5 --max-time 8 --limit-rate 8k "$@"
}

fetch() {
  get -4 "$@"
}

# safe TEXT: the text, if it is short and cannot break a line of JSON.
safe() {
  case $1 in
    "" | *[!A-Za-z0-9.:_-]*) set -- rubbish ;;
  esac
  [ "${#1}" -le 32 ] || set -- rubbish
  printf "%s" "$1"
}

# see POSITION URL: the address that an echo service sees us come from, and the one that we sent from. A source beside an
# error says that the service had shown its certificate: traffic left. Names that time out are told as not resolved.
see() {
  text=$(fetch --fail --write-out " %{time_namelookup} %{time_appconnect} %{local_ip}" "$2")
  error=$?
  source=${text##* }; text=${text% *}
  certified=${text##* }; text=${text% *}
  resolved=${text##* }; text=${text% *}
  case $error/$resolved in
    28/*[1-9]*) ;;
    28/*) error=6 ;;
  esac
  if [ "$error" -eq 0 ]; then
    seen=$(printf "%s" "$text" | tr -d "\r\n")
    printf ",{\"url\":%d,\"address\":\"%s\",\"source\":\"%s\"}" "$1" "$(safe "$seen")" "$(safe "$source")"
    return
  fi
  case $certified in
    *[1-9]*) printf ",{\"url\":%d,\"error\":%d,\"source\":\"%s\"}" "$1" "$error" "$(safe "$source")" ;;
    *) printf ",{\"url\":%d,\"error\":%d}" "$1" "$error" ;;
  esac
}

# see_ipv6 POSITION URL: whether it answers over IPv6, by which no NAT gateway of ours is passed.
see_ipv6() {
  get -6 --output /dev/null "$2" >/dev/null && printf ",%d" "$1"
}

# knock POSITION URL: whether anything answers, with which HTTP status. One failure may be chance, so it knocks twice.
knock() {
  for _ in 1 2; do
    status=$(fetch --output /dev/null --write-out "%{http_code}" "$2")
    error=$?
    case $status in
      [1-5][0-9][0-9])
        printf ",{\"url\":%d,\"status\":%d}" "$1" "$status"
        return
        ;;
    esac
  done
  printf ",{\"url\":%d,\"error\":%d}" "$1" "$error"
}

# each COMMAND LIST: the command for every URL of the list, ten at a time; one small write each, so that none are mixed.
each() {
  [ "$2" != - ] || return
  position=0
  IFS=,
  for url in $2; do
    "$1" "$position" "$url" &
    position=$((position + 1))
    [ $((position % 10)) -ne 0 ] || wait
  done
  wait
}

sample() {
  round=0
  while [ "$round" -lt "$2" ]; do
    each see "$1"
    round=$((round + 1))
  done
}

# The interface of the default route: a machine may have several.
interface=none
while read -r name destination _; do
  [ "$destination" = 00000000 ] && interface=$name && break
done </proc/net/route

started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
addresses=$(sample "$2" "$5")
ipv6=$(each see_ipv6 "$2")
must_reach=$(each knock "$3")
must_not_reach=$(each knock "$4")

line=$(
  printf "{\"nonce\":\"%s\",\"started\":\"%s\",\"ended\":\"%s\",\"interface\":\"%s\"" \
    "$(safe "$1")" "$started" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(safe "$interface")"
  printf ",\"addresses\":[%s],\"ipv6\":[%s],\"must_reach\":[%s],\"must_not_reach\":[%s]}" \
    "${addresses#,}" "${ipv6#,}" "${must_reach#,}" "${must_not_reach#,}"
)
digest=$(printf "%s" "$line" | sha256sum)
printf "%s\n%s %d %s\n" "$line" "$(safe "$1")" "${#line}" "${digest%% *}"
