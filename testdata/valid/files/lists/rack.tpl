%{ for n in numbers ~}
${lan}.${n} weight ${chomp(file("weight.txt"))}
%{ endfor ~}
