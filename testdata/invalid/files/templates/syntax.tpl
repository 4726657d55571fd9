%{ for s in ["a"] }
${s}
