package schema

// A Function is one that every expression can call.
type Function struct {
	Call    string // its name and what it is given, as in "abs(number)"
	Doc     string // what it results in: lower case, no period
	Example string // a call
	Result  string // the value of the example
}

// A FunctionGroup is functions that have to do with the same thing.
type FunctionGroup struct {
	Name      string
	Functions []Function
}

// Functions lists all functions.
func Functions() []FunctionGroup { return functionGroups }

// The examples for files have motd.txt with the line "Hello", and greeting.tpl with the
// line "Hello ${name}", beside them.
var functionGroups = []FunctionGroup{
	{"numbers", []Function{
		{"abs(number)", "the number without its sign", `abs(-5)`, `5`},
		{"ceil(number)", "the number rounded up", `ceil(1.2)`, `2`},
		{"floor(number)", "the number rounded down", `floor(1.8)`, `1`},
		{"log(number, base)", "the logarithm of the number", `log(8, 2)`, `3`},
		{"max(number, …)", "the largest of the numbers", `max(3, 12, 9)`, `12`},
		{"min(number, …)", "the smallest of the numbers", `min(3, 12, 9)`, `3`},
		{"parseint(text, base)", "the whole number that the text is in that base, from 2 to 62", `parseint("ff", 16)`, `255`},
		{"pow(number, exponent)", "the number raised to a power", `pow(2, 10)`, `1024`},
		{"signum(number)", "-1, 0 or 1: the sign of the number", `signum(-5)`, `-1`},
		{"sum(list)", "the sum of the numbers in the list, which must not be empty", `sum([1, 2, 3])`, `6`},
	}},
	{"strings", []Function{
		{"chomp(text)", "the text without line breaks at its end", `chomp("web1\n")`, `"web1"`},
		{"endswith(text, suffix)", "whether the text ends in the suffix", `endswith("web1.example", ".example")`, `true`},
		{"format(format, value, …)", "the text that the values make with verbs such as %s and %03d", `format("web%02d", 7)`, `"web07"`},
		{"formatlist(format, list, …)", "the same for every element of the lists", `formatlist("10.0.0.%d", [1, 2])`, `["10.0.0.1", "10.0.0.2"]`},
		{"indent(spaces, text)", "the text with that many spaces before each line but the first", `indent(2, "a\nb")`, `"a\n  b"`},
		{"join(separator, list, …)", "the elements of the lists as one text, with a separator in between", `join(",", ["a", "b"])`, `"a,b"`},
		{"lower(text)", "the text in lower case", `lower("WEB")`, `"web"`},
		{"regex(pattern, text)", "the first match of a regular expression: itself, or what its groups match; an error without one", `regex("[0-9]+", "web12")`, `"12"`},
		{"regexall(pattern, text)", "a list of all its matches", `regexall("[0-9]", "a1b2")`, `["1", "2"]`},
		{"replace(text, old, new)", "the text with every old part replaced", `replace("a.b.c", ".", "-")`, `"a-b-c"`},
		{"split(separator, text)", "the list of the parts between separators", `split(",", "a,b")`, `["a", "b"]`},
		{"startswith(text, prefix)", "whether the text begins with the prefix", `startswith("web1", "web")`, `true`},
		{"strlen(text)", "the number of characters", `strlen("web1")`, `4`},
		{"strrev(text)", "the characters in the reverse order", `strrev("abc")`, `"cba"`},
		{"substr(text, offset, length)", "part of the text; an offset below 0 counts from its end, and a length of -1 is all the rest", `substr("web12", 3, 2)`, `"12"`},
		{"title(text)", "the text with the first letter of each word in upper case", `title("real server")`, `"Real Server"`},
		{"trim(text, characters)", "the text without these characters at both ends", `trim("--a--", "-")`, `"a"`},
		{"trimprefix(text, prefix)", "the text without the prefix, if it has it", `trimprefix("web1", "web")`, `"1"`},
		{"trimspace(text)", "the text without blanks and line breaks at both ends", `trimspace(" a ")`, `"a"`},
		{"trimsuffix(text, suffix)", "the text without the suffix, if it has it", `trimsuffix("web1", "1")`, `"web"`},
		{"upper(text)", "the text in upper case", `upper("web")`, `"WEB"`},
	}},
	{"collections", []Function{
		{"alltrue(list)", "whether all elements are true", `alltrue([true, false])`, `false`},
		{"anytrue(list)", "whether one element or more is true", `anytrue([true, false])`, `true`},
		{"chunklist(list, size)", "a list of lists that have that many elements at most", `chunklist(["a", "b", "c"], 2)`, `[["a", "b"], ["c"]]`},
		{"coalesce(value, …)", "the first value that is not null", `coalesce(null, "eth0")`, `"eth0"`},
		{"coalescelist(list, …)", "the first list that is not empty", `coalescelist([], ["a"])`, `["a"]`},
		{"compact(list)", "the list without empty strings and nulls", `compact(["a", "", "b"])`, `["a", "b"]`},
		{"concat(list, …)", "one list of the elements of all", `concat(["a"], ["b"])`, `["a", "b"]`},
		{"contains(list, value)", "whether the value is in the list", `contains(["a", "b"], "b")`, `true`},
		{"distinct(list)", "the list with each element once, in the order of the first ones", `distinct(["a", "b", "a"])`, `["a", "b"]`},
		{"element(list, index)", "the element with that index, which begins at 0 and goes round at the end", `element(["a", "b", "c"], 4)`, `"b"`},
		{"flatten(list)", "one list of the elements of all lists within the list", `flatten([["a"], ["b", "c"]])`, `["a", "b", "c"]`},
		{"keys(map)", "the list of the keys, sorted", `keys({ b = 1, a = 2 })`, `["a", "b"]`},
		{"length(collection)", "the number of elements of a list, set, map or object, or of characters of a text", `length(["a", "b"])`, `2`},
		{"lookup(map, key, default)", "the value of the key, or the default where there is none", `lookup({ a = 1 }, "b", 5)`, `5`},
		{"merge(map, …)", "one map of all; of several values of a key the last one counts", `merge({ a = 1, b = 2 }, { b = 3 })`, `{ a = 1, b = 3 }`},
		{"one(list)", "the only element of the list, and null of an empty one", `one(["a"])`, `"a"`},
		{"range(start, limit, step)", "a list of numbers from start up to but without limit; start and step may be left out, and are 0 and 1 then", `range(3)`, `[0, 1, 2]`},
		{"reverse(list)", "the list in the reverse order", `reverse(["a", "b"])`, `["b", "a"]`},
		{"setintersection(set, …)", "the set of what is in all of the sets", `setintersection(["a", "b"], ["b", "c"])`, `toset(["b"])`},
		{"setproduct(set, …)", "every combination of an element of each of the sets", `setproduct(["a", "b"], ["c"])`, `[["a", "c"], ["b", "c"]]`},
		{"setsubtract(set, other)", "the set of what is in the first set and not in the other", `setsubtract(["a", "b"], ["b"])`, `toset(["a"])`},
		{"setunion(set, …)", "the set of what is in any of the sets", `setunion(["a"], ["b"])`, `toset(["a", "b"])`},
		{"slice(list, start, end)", "the elements from index start up to but without end", `slice(["a", "b", "c"], 1, 3)`, `["b", "c"]`},
		{"sort(list)", "the strings in alphabetical order", `sort(["b", "a"])`, `["a", "b"]`},
		{"values(map)", "the list of the values, sorted by key", `values({ b = 1, a = 2 })`, `[2, 1]`},
		{"zipmap(keys, values)", "a map from the keys of one list to the values of another", `zipmap(["a", "b"], [1, 2])`, `{ a = 1, b = 2 }`},
	}},
	{"networks", []Function{
		{"cidrcontains(network, address)", "whether the address, or another network, lies in the network", `cidrcontains("10.0.0.0/24", "10.0.0.7")`, `true`},
		{"cidrhost(network, number)", "the address with that number in the network; a number below 0 counts from its end", `cidrhost("10.0.0.0/24", 5)`, `"10.0.0.5"`},
		{"cidrnetmask(network)", "the netmask of an IPv4 network", `cidrnetmask("10.0.0.0/20")`, `"255.255.240.0"`},
		{"cidrsubnet(network, bits, number)", "the part with that number, whose prefix is that many bits longer than the network's", `cidrsubnet("10.0.0.0/16", 8, 2)`, `"10.0.2.0/24"`},
		{"cidrsubnets(network, bits, …)", "parts of the network one after the other, by how many bits their prefixes are longer", `cidrsubnets("10.0.0.0/16", 4, 8)`, `["10.0.0.0/20", "10.0.16.0/24"]`},
	}},
	{"files", []Function{
		{"file(path)", "the text of a file", `file("motd.txt")`, `"Hello\n"`},
		{"fileexists(path)", "whether there is a file", `fileexists("motd.txt")`, `true`},
		{"templatefile(path, values)", "the text that a file makes which is a template, with an object of values for what it refers to", `templatefile("greeting.tpl", { name = "web1" })`, `"Hello web1\n"`},
	}},
	{"conversions", []Function{
		{"base64decode(text)", "the text that is written in base64", `base64decode("d2ViMQ==")`, `"web1"`},
		{"base64encode(text)", "the text in base64", `base64encode("web1")`, `"d2ViMQ=="`},
		{"can(expression)", "whether the expression can be computed", `can(parseint("x", 10))`, `false`},
		{"csvdecode(text)", "a list with an object for each line of a table whose columns are divided by commas; the first line has the keys", `csvdecode("ip,weight\n10.0.0.1,5")`, `[{ ip = "10.0.0.1", weight = "5" }]`},
		{"formatdate(format, time)", "a time such as \"2026-01-31T08:00:00Z\" in another format, as in \"DD.MM.YYYY\"", `formatdate("YYYY", "2026-01-02T03:04:05Z")`, `"2026"`},
		{"jsondecode(text)", "the value that a JSON text stands for", `jsondecode("[1, 2]")`, `[1, 2]`},
		{"jsonencode(value)", "the value as a JSON text", `jsonencode([1, 2])`, `"[1,2]"`},
		{"sha256(text)", "the SHA-256 of the text, in hexadecimal", `substr(sha256("web1"), 0, 8)`, `"659a7fb2"`},
		{"timeadd(time, duration)", "the time after a duration such as \"10m\"", `timeadd("2026-01-02T03:04:05Z", "1h")`, `"2026-01-02T04:04:05Z"`},
		{"tobool(value)", "the value as true or false", `tobool("true")`, `true`},
		{"tolist(value)", "the set or list as a list", `tolist(["a", "b"])`, `["a", "b"]`},
		{"tomap(value)", "the object or map as a map", `tomap({ a = "1" })`, `{ a = "1" }`},
		{"tonumber(value)", "the value as a number", `tonumber("80")`, `80`},
		{"toset(value)", "the list or set as a set, with each element once", `toset(["a", "a"])`, `toset(["a"])`},
		{"tostring(value)", "the value as a string", `tostring(80)`, `"80"`},
		{"try(expression, …)", "the value of the first expression that can be computed", `try(parseint("x", 10), 0)`, `0`},
	}},
}
