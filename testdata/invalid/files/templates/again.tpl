first line
${templatefile("list.tpl", {})}
