# Starts the lvsctl that is wanted as an agent, as root, and asks for it where it is not
# there. It is read by the sh of another machine: POSIX, and nothing in it comes from a
# config. Lines that begin with "lvsctl: " are for the other end.
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
say() { printf 'lvsctl: %s\n' "$*"; }
refuse() { say "refused $*"; exit 1; }
same() {
	case $(sha256sum <"$1") in "$hash "*) return 0 ;; esac
	return 1
}

IFS=' ' read -r hash size system version
command -v sha256sum >/dev/null || refuse "there is no sha256sum to make sure of its lvsctl with"

keep=/var/lib/lvsctl/agent
copy=$keep/$(printf %.16s "$hash")/lvsctl
# What is there was verified when it came, and nobody but root can change it.
if [ -x "$copy" ] && [ "$(($(wc -c <"$copy")))" = "$size" ]; then
	touch -c "$copy"
	say run
	exec "$copy" agent
fi
alike() { # a release has one name; other builds may share theirs
	case $version in devel | *-dirty) same "$1"; return ;; esac
	case $("$1" version 2>/dev/null) in "lvsctl $version ("*) return 0 ;; esac
	return 1
}
if installed=$(command -v lvsctl) && alike "$installed"; then
	say run
	exec "$installed" agent
fi

found=$(uname -s)_$(uname -m)
[ "$found" = "$system" ] || refuse "it runs $found, which this lvsctl is not for: install lvsctl $version there"
umask 077
drop() { rm -f "$copy.$$"; rmdir "${copy%/*}" "$keep" "${keep%/*}" 2>/dev/null; }
mkdir -p "${copy%/*}" && : >"$copy.$$" || { drop; refuse "lvsctl cannot be copied there"; }
say send
head -c "$size" >"$copy.$$" || { drop; refuse "lvsctl cannot be copied there"; }
same "$copy.$$" || { drop; refuse "lvsctl was damaged on its way there"; }
sync "$copy.$$" 2>/dev/null || sync
chmod 700 "$copy.$$" && mv -f "$copy.$$" "$copy" || { drop; refuse "lvsctl cannot be copied there"; }
say run
exec "$copy" agent
