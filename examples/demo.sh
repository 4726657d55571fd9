#!/usr/bin/env bash
# The first hour in two minutes: the tutorial cluster of examples/small from nothing to
# pages served, tampered with, healed, and gone again. It runs in the lab, with network
# namespaces as hosts ("make demo"), or as root on any machine with IPVS whose names
# lb1, web1, web2 and client are not taken. It stops at the first thing that does not
# hold, and exits 0 only if everything did.
#
# Environment: LVSCTL and LVSLAB_BIN are the two programs, COLOR is always or never.
set -euo pipefail
cd "$(dirname "$0")/.."

LVSCTL=${LVSCTL:-$PWD/bin/lvsctl}
LVSLAB=${LVSLAB_BIN:-$PWD/bin/lvslab}
COLOR=${COLOR:-never}
URL=http://192.168.80.188/
bold=''; plain=''; good=''
if [ "$COLOR" = always ]; then bold=$'\e[1m'; plain=$'\e[0m'; good=$'\e[32m'; fi
work=$(mktemp -d)

title() { printf '\n%s── %s%s\n' "$bold" "$1" "$plain"; }
show()  { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; }
held()  { printf '%s✓ %s%s\n' "$good" "$1" "$plain"; }
fail()  { printf '\nThe demo failed: %s\n' "$1" >&2; exit 1; }

# run shows a command and runs it; it must exit with the given code.
run() {
	local want=$1 got=0; shift
	show "$*"
	if [ "$1" = lvsctl ]; then shift; set -- "$LVSCTL" --color "$COLOR" "$@"; fi
	"$@" || got=$?
	[ "$got" = "$want" ] || fail "exit code $got, expected $want"
}

# host makes a network namespace with one address on the segment.
host() {
	ip netns add "$1"
	ip -n demo-lan link add "$1" type veth peer name ens33 netns "$1"
	ip -n demo-lan link set "$1" master lan up
	ip -n "$1" link set lo up
	ip -n "$1" link set ens33 addrgenmode none # no IPv6 address that comes up later
	ip -n "$1" addr add "$2/24" dev ens33
	ip -n "$1" link set ens33 up
}

# serve starts a web server on a host and waits until it listens.
serve() {
	ip netns exec "$1" "$LVSLAB" serve --listen :80 --text "$2" >"$work/$1" 2>&1 &
	servers+=($!)
	for _ in $(seq 100); do
		if grep -q ready "$work/$1"; then return; fi
		sleep 0.1
	done
	fail "the web server on $1 does not start"
}

# snapshot prints all that lvsctl could have changed, without the lvsctl tool.
snapshot() {
	local h
	for h in lb1 web1 web2; do
		echo "== $h"
		ip -n "$h" -o addr | sed 's/valid_lft.*//'
		ip -n "$h" route show table all
		ip netns exec "$h" ipvsadm -Sn
		ip netns exec "$h" sh -c 'grep -rH . /proc/sys/net/ipv4/conf' | sort
	done
}

servers=()
cleanup() {
	local h p
	for p in "${servers[@]}"; do kill "$p" 2>/dev/null || true; done
	for h in lb1 web1 web2 client demo-lan; do ip netns del "$h" 2>/dev/null || true; done
	rm -rf "$work" "${LVSCTL_STATE_DIR:-/var/lib/lvsctl}"@{lb1,web1,web2}
}
trap cleanup EXIT

title 'A segment with a director, two web servers and a client'
modprobe ip_vs
ip netns add demo-lan
ip -n demo-lan link add lan type bridge
ip -n demo-lan link set lan up
host lb1 192.168.80.10; host web1 192.168.80.12; host web2 192.168.80.13; host client 192.168.80.200
serve web1 'this is kgc web!'
serve web2 'this is benet web!'
snapshot >"$work/before"
show cat examples/small/cluster.hcl
grep -v '^#' examples/small/cluster.hcl | sed '1{/^$/d}; s/^/    /'

title 'What would lvsctl do?'
run 0 lvsctl plan examples/small

title 'Do it'
run 0 lvsctl apply --auto-approve examples/small
run 0 lvsctl plan --detailed-exitcode examples/small

title 'The client asks for the VIP; both web servers answer in turn'
for _ in 1 2 3 4; do
	run 0 ip netns exec client curl -sS --max-time 5 "$URL" | tee -a "$work/pages"
done
for page in 'this is kgc web!' 'this is benet web!'; do
	[ "$(grep -cx "$page" "$work/pages")" = 2 ] || fail "\"$page\" was not served twice"
done
held 'both pages were served twice'
run 0 ip netns exec lb1 ipvsadm -Ln

title 'Somebody tampers with the cluster by hand'
run 0 ip netns exec lb1 ipvsadm -d -t 192.168.80.188:80 -r 192.168.80.12
run 0 ip netns exec web2 sysctl -w net.ipv4.conf.all.arp_ignore=0
run 0 ip netns exec lb1 ipvsadm -A -t 192.168.80.10:3306 -s wlc
run 2 lvsctl drift --foreign examples/small
held 'drift is named, exit code 2; what somebody else made is not drift'

title 'Heal it'
run 0 lvsctl apply --auto-approve examples/small
run 0 lvsctl drift examples/small

title 'Take it all away'
run 0 lvsctl destroy --auto-approve examples/small
run 0 ip netns exec lb1 ipvsadm -Sn
ip netns exec lb1 ipvsadm -D -t 192.168.80.10:3306
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail 'the hosts are not as they were'
held 'addresses, routes, IPVS and kernel settings are as before; the service made by hand survived'
