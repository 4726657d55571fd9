${parseint(port, 10)}
${file("inner.txt")}
