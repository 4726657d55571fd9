server ${server}
port ${prot}
