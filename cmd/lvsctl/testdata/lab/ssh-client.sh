# Makes a host a client of all SSH servers: ssh-client.sh DIRECTORY. What is computed to agree
# on a key is no more than it must be: that takes long on an emulated machine.
shared=$1

mkdir -p "$shared"
test -e "$shared/key" || ssh-keygen -q -t ed25519 -N '' -C lab -f "$shared/key"
touch "$shared/known_hosts"
cat >/etc/ssh/ssh_config <<CONFIG
IdentityFile $shared/key
GlobalKnownHostsFile $shared/known_hosts
UserKnownHostsFile /dev/null
KexAlgorithms curve25519-sha256
CONFIG
