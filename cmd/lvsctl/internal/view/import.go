package view

import (
	"fmt"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Imports prints a plan of imports.
func (p *Printer) Imports(plan *planner.Plan) {
	objects, toGo := imported(plan)
	if objects == 0 {
		p.Printf("%s\n", p.paint(bold, "Nothing to import: lvsctl's own already."))
		return
	}
	p.changes(plan)
	p.Printf("%s %s. Nothing changes on the hosts now.\n", p.paint(bold, "Import:"), count(objects, "object"))
	if toGo > 0 {
		p.Printf("%s\n", p.paint(bold, fmt.Sprintf("The next apply deletes %d of them, since the config does not want them.", toGo)))
	}
}

// Imported prints the last word of an import.
func (p *Printer) Imported(plan *planner.Plan) {
	objects, _ := imported(plan)
	p.Printf("%s imported %s.\n", p.paint(bold, "Done:"), count(objects, "object"))
}

// imported counts the objects of a plan of imports, and those that the next apply deletes.
func imported(plan *planner.Plan) (objects, toGo int) {
	for _, step := range plan.Steps {
		for _, c := range step.Changes {
			objects++
			if c.Reason == resource.ImportedToGo {
				toGo++
			}
		}
	}
	return objects, toGo
}
