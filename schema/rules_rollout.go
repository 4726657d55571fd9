package schema

// checkRolloutWave: a wave of all real servers of a service leaves none to take over.
func checkRolloutWave(f *finder) {
	for _, c := range f.clusters {
		if c.Rollout == nil || c.Rollout.Servers+c.Rollout.Percent == 0 {
			continue
		}
		size := c.Rollout.Size(len(c.servers()))
		for _, s := range c.services {
			if n := len(s.realServers()); n > 1 && size >= n {
				f.find(c, c.rolling.at("wave"), "The service %q has %d real servers, and all of them may change at once. None is left to take over meanwhile. Write a smaller number, or no rollout block.", s.Name, n)
			}
		}
	}
}

// checkRolloutProbe: without a question a broken real server is taken in like any other.
func checkRolloutProbe(f *finder) {
	for _, c := range f.clusters {
		if c.Rollout == nil || c.broken || len(c.Rollout.Probes) > 0 || len(c.servers()) == 0 {
			continue
		}
		if !c.hasPorts() {
			f.find(c, c.rolling.header(), "The services of the cluster have no TCP port that real servers could be asked on, and the rollout has no probe. So they are taken in as soon as they are changed, whether they work or not. Add a probe block with a command that asks ${server.address}.")
		}
	}
}

// hasPorts tells whether there are ports to ask real servers on.
func (c *clusterDecl) hasPorts() bool {
	for _, s := range c.services {
		for _, server := range s.realServers() {
			if s.answersTCP() && server.Port != 0 {
				return true
			}
		}
	}
	return false
}
