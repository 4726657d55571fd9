# Starts an SSH server: sshd.sh DIRECTORY ADDRESS USER.
shared=$1 address=$2 user=$3

mkdir -p "$shared" /run/sshd
test -e "$shared/key" || ssh-keygen -q -t ed25519 -N '' -C lab -f "$shared/key"
rm -f $shared/$address $shared/$address.pub
ssh-keygen -q -t ed25519 -N '' -C lab -f $shared/$address
printf '%s %s\n' "$address" "$(cut -d' ' -f1,2 $shared/$address.pub)" >>"$shared/known_hosts"
cp "$shared/key.pub" /etc/ssh/lab_authorized_keys

# admin is root with another name, and without what the machine's root has in his files.
grep -q " $(hostname)\$" /etc/hosts || printf '127.0.1.1 %s\n' "$(hostname)" >>/etc/hosts # sudo looks
account() { grep -q "^$user:" /etc/passwd || useradd --no-create-home --home-dir / --shell /bin/sh --password '*' "$@" "$user"; }
if [ "$user" = admin ]; then
	account --non-unique --uid 0
else
	account
	printf '%s ALL=(ALL) NOPASSWD: ALL\n' "$user" >/etc/sudoers.d/lab
	chmod 440 /etc/sudoers.d/lab
fi

cat >/etc/ssh/lab_config <<CONFIG
ListenAddress $address
HostKey $shared/$address
AuthorizedKeysFile /etc/ssh/lab_authorized_keys
PidFile /run/sshd/lab.pid
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
UseDNS no
CONFIG
/usr/sbin/sshd -f /etc/ssh/lab_config
