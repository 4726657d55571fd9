# Makes a host a client of all SSH servers: ssh-client.sh DIRECTORY.
shared=$1

mkdir -p "$shared"
test -e "$shared/key" || ssh-keygen -q -t ed25519 -N '' -C lab -f "$shared/key"
touch "$shared/known_hosts"
cat >/etc/ssh/ssh_config <<CONFIG
IdentityFile $shared/key
GlobalKnownHostsFile $shared/known_hosts
UserKnownHostsFile /dev/null
CONFIG
