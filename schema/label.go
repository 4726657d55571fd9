package schema

import (
	"fmt"
	"strings"
)

// Labels of addresses are for people who look with ifconfig: it shows an address beside
// the first one of an interface only if that has a label like "ens33:0", as if it were an
// interface of its own.

// maxLabel is how many bytes a label can have, the name of its interface included
// (IFNAMSIZ in the kernel, less the zero at the end).
const maxLabel = 15

// checkLabel says what is wrong with a label of an address on an interface, if anything.
func checkLabel(label, link string) string {
	base, word, _ := strings.Cut(label, ":")
	switch {
	case base != link || word == "" || strings.ContainsAny(word, ":/ \t\n\v\f\r\x00"):
		return fmt.Sprintf("%q cannot be the label of an address on %s. It is the interface's name, a colon, and a word: \"%[2]s:0\".", label, link)
	case len(label) > maxLabel:
		return fmt.Sprintf("The label %q has %d bytes, and Linux allows it %d, the name of the interface included.", label, len(label), maxLabel)
	}
	return ""
}

// vipLabels is the argument that has a word for each VIP, to follow the name of its
// interface in a label; none where one of them is wrong.
func (c *content) vipLabels(d *clusterDecl) []string {
	const summary = "Invalid label"
	words := c.oneOrMany("vip_label")
	if len(words) == 0 || len(d.VIPs) == 0 {
		return nil
	}
	at := c.at("vip_label")
	switch {
	case d.VIPs[0].Is6():
		c.fail(at, summary, "An IPv6 address has no label, and ifconfig shows all of them. Remove the argument.")
		return nil
	case len(words) != len(d.VIPs):
		c.fail(at, summary, "There must be one for each VIP, in the same order: %d, and this is %d.", len(d.VIPs), len(words))
		return nil
	}
	var links []string
	for _, h := range d.Directors {
		links = append(links, d.VIPInterface(h))
	}
	links = append(links, "lo") // of real servers
	first := map[string]bool{}
	for _, w := range words {
		if first[w] {
			c.fail(at, summary, "%q is in this list twice, and ifconfig shows one address with a label.", w)
			return nil
		}
		first[w] = true
		for _, link := range links {
			if problem := checkLabel(link+":"+w, link); link != "" && problem != "" {
				c.fail(at, summary, "%s Write what follows the colon: vip_label = \"0\".", problem)
				return nil
			}
		}
	}
	return words
}

// addressLabel is the argument that is the label of an address on an interface, empty where
// it is missing or wrong.
func (c *content) addressLabel(link string, v6 bool) string {
	label, ok := c.str("label")
	if !ok {
		return ""
	}
	problem := checkLabel(label, link)
	if v6 {
		problem = "An IPv6 address has no label, and ifconfig shows all of them. Remove the argument."
	}
	if problem != "" {
		c.fail(c.at("label"), "Invalid label", "%s", problem)
		return ""
	}
	return label
}
