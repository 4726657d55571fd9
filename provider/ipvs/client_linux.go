package ipvs

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// maxReaders is how many connections read a table's destinations side by side, if
// there are as many processors. The kernel answers them in turns, but while it does,
// the answers of the others can be decoded.
const maxReaders = 4

// A Client talks to the IPVS of one network namespace. It is safe for concurrent use,
// one call at a time.
//
// Its errors wrap those of this package, such as [ErrNoService], and the kernel's
// error number as a [syscall.Errno].
type Client struct {
	mu    sync.Mutex
	conns []*conn // the first one is used for all but tables
}

// New connects to the IPVS of the network namespace that the calling thread is in; who
// changes namespaces must have locked it. The Client stays with that namespace
// wherever it is used from.
//
// The error is [ErrNotLoaded] where the kernel has no IPVS. Asking for it is enough to
// make newer kernels load the module ip_vs, if it is installed and we may; those of
// Debian 12 do.
func New() (*Client, error) {
	c := &Client{}
	if err := c.connect(min(maxReaders, runtime.GOMAXPROCS(0))); err != nil {
		return nil, fmt.Errorf("connect to ipvs: %w", errors.Join(err, c.Close()))
	}
	return c, nil
}

// connect opens n connections to the family, whose number the first one finds out.
func (c *Client) connect(n int) error {
	var family uint16
	for range n {
		s, err := dial()
		if err != nil {
			return err
		}
		if family == 0 {
			if family, err = lookUp(s.conn); err != nil {
				return errors.Join(err, s.close())
			}
		}
		c.attach(family, s)
	}
	return nil
}

// attach adds a connection that stands to the client.
func (c *Client) attach(family uint16, t transport) {
	c.conns = append(c.conns, newConn(t, family))
}

// Close closes the client's connections.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, k := range c.conns {
		errs = append(errs, k.close())
	}
	return errors.Join(errs...)
}

// use locks the client and lends out its first connection until done is called.
func (c *Client) use() (k *conn, done func()) {
	c.mu.Lock()
	return c.conns[0], c.mu.Unlock
}

// Services reads all services, in the kernel's order.
//
// The kernel has those of all network namespaces in one table. From one datagram of a
// dump to the next, and the first of a connection may be as small as ten services, it
// remembers only how many it has passed. When services come or go meanwhile, in whatever
// namespace, others are left out or there twice, and no flag tells. See [Client.Table] for
// what can be done.
func (c *Client) Services() ([]resource.Service, error) {
	k, done := c.use()
	defer done()
	entries, _, err := k.services()
	list := make([]resource.Service, len(entries))
	for i := range entries {
		list[i] = entries[i].Service
	}
	return list, err
}

// roomy is a size up to which all services, in bytes, leave room for more in the first
// datagram of a dump, which is a page or two with their overhead (netlink_dump in the
// kernel's net/netlink/af_netlink.c).
const roomy = 2 << 10

// services reads all services, without their destinations, and tells whether none can be
// missing: the kernel looked at all of them at once if the first datagram was not full.
func (k *conn) services() (list []Entry, whole bool, err error) {
	size := 0
	err = k.dump(cmdGetService, nil, func() { list, size = list[:0], 0 }, func(payload []byte) error {
		size += len(payload)
		s, err := decodeService(payload)
		list = append(list, s)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("read ipvs services: %w", err)
	}
	return list, size <= roomy, nil
}

// service asks for one service, which need not be there.
func (k *conn) service(key resource.ServiceKey) (e Entry, there bool, err error) {
	if err := checkKey(&key); err != nil {
		return e, false, err
	}
	k.body = appendKey(k.body[:0], &key)
	err = k.exchange(cmdGetService, flagAck, k.body, func(payload []byte) (err error) {
		e, err = decodeService(payload)
		return err
	})
	if errors.Is(err, ErrNoService) {
		return e, false, nil
	}
	if err != nil {
		return e, false, fmt.Errorf("read ipvs service %v: %w", key, err)
	}
	return e, true, nil
}

// Destinations reads the destinations of one service, in the kernel's order, with
// what they are serving. Of a service that does not exist there are none: the kernel
// makes no difference.
//
// IPVS does not notice changes by others during a dump of more than one datagram (more
// than about 80 destinations of the service): it may then show one twice or not at all.
// Compare with another read where that matters.
func (c *Client) Destinations(service resource.ServiceKey) ([]Destination, error) {
	return c.AppendDestinations(nil, service)
}

// AppendDestinations is [Client.Destinations] into a slice that the caller reuses.
func (c *Client) AppendDestinations(list []Destination, service resource.ServiceKey) ([]Destination, error) {
	k, done := c.use()
	defer done()
	return k.appendDestinations(list, service)
}

func (k *conn) appendDestinations(list []Destination, service resource.ServiceKey) ([]Destination, error) {
	start := len(list)
	err := checkKey(&service)
	if err == nil {
		k.body = appendKey(k.body[:0], &service)
		err = k.dump(cmdGetDest, k.body, func() { list = list[:start] }, func(payload []byte) error {
			d, err := decodeDestination(payload, service)
			list = append(list, d)
			return err
		})
	}
	if err != nil && !errors.Is(err, ErrNoService) {
		return list[:start], fmt.Errorf("read ipvs destinations of %v: %w", service, err)
	}
	return list, nil
}

// Table reads all services with all their destinations. A service that goes away
// meanwhile may be there without destinations. A service may be left out as those of
// [Client.Services], but none of the given ones is.
func (c *Client) Table(sure ...resource.ServiceKey) ([]Entry, error) {
	return c.TableOf(func(resource.ServiceKey) bool { return true }, sure...)
}

// TableOf is [Client.Table] in which other services than some have no destinations.
func (c *Client) TableOf(some func(resource.ServiceKey) bool, sure ...resource.ServiceKey) ([]Entry, error) {
	k, done := c.use()
	defer done()
	entries, whole, err := k.services()
	if err == nil && !whole {
		entries, err = k.complete(entries, sure)
	}
	if err != nil {
		return nil, err
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, min(len(c.conns), len(entries)))
	for i := range errs {
		wg.Go(func() { errs[i] = c.conns[i].fill(entries, &next, some) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return entries, nil
}

// complete adds to a list those of some services that it lacks and that are there, and
// takes out what is in it twice.
func (k *conn) complete(list []Entry, sure []resource.ServiceKey) ([]Entry, error) {
	seen := make(map[resource.ServiceKey]bool, len(list)+len(sure))
	list = slices.DeleteFunc(list, func(e Entry) bool {
		twice := seen[e.Service.ServiceKey]
		seen[e.Service.ServiceKey] = true
		return twice
	})
	for _, key := range sure {
		if seen[key] {
			continue
		}
		seen[key] = true
		e, there, err := k.service(key)
		if err != nil {
			return nil, err
		}
		if there {
			list = append(list, e)
		}
	}
	return list, nil
}

// fill reads the destinations of some entries, taking the number of the next one from a
// counter that it shares with others.
func (k *conn) fill(entries []Entry, next *atomic.Int64, some func(resource.ServiceKey) bool) error {
	var list []Destination
	for {
		i := int(next.Add(1)) - 1
		if i >= len(entries) {
			return nil
		}
		if !some(entries[i].Service.ServiceKey) {
			continue
		}
		var err error
		if list, err = k.appendDestinations(list[:0], entries[i].Service.ServiceKey); err != nil {
			return err
		}
		entries[i].Destinations = slices.Clone(list)
	}
}

// Apply carries out operations in their order. It sends them in batches of 128 and
// stops after the first batch in which one fails, or whose answer gets lost.
//
// The operations before attempted were handed to the kernel, and those that no failure
// names were done: also those that come after a failed one in the same batch. Those
// from attempted on were not sent. Failures are in the order of their indexes. An
// operation whose outcome is unknown is among them with [ErrNoAnswer], and an index of
// attempted or more is one that could not be sent.
func (c *Client) Apply(ops []Op) (attempted int, failures []Failure) {
	k, done := c.use()
	defer done()
	return k.apply(ops)
}

// Info asks for the version and the size of the connection table.
func (c *Client) Info() (Info, error) {
	k, done := c.use()
	defer done()
	var info Info
	err := k.ask(cmdGetInfo, func(payload []byte) (err error) {
		info, err = decodeInfo(payload)
		return err
	})
	if err != nil {
		return Info{}, fmt.Errorf("read ipvs info: %w", err)
	}
	return info, nil
}

// Timeouts asks for the timeouts of connections.
func (c *Client) Timeouts() (Timeouts, error) {
	k, done := c.use()
	defer done()
	var t Timeouts
	err := k.ask(cmdGetConfig, func(payload []byte) (err error) {
		t, err = decodeTimeouts(payload)
		return err
	})
	if err != nil {
		return Timeouts{}, fmt.Errorf("read ipvs timeouts: %w", err)
	}
	return t, nil
}

// SetTimeouts sets the timeouts of connections. Those that are 0 stay as they are.
func (c *Client) SetTimeouts(t Timeouts) error {
	k, done := c.use()
	defer done()
	k.body = appendTimeouts(k.body[:0], t)
	if err := k.do(cmdSetConfig, k.body); err != nil {
		return fmt.Errorf("set ipvs timeouts: %w", err)
	}
	return nil
}

// Flush deletes all services and destinations of the network namespace, whoever made
// them.
func (c *Client) Flush() error {
	k, done := c.use()
	defer done()
	if err := k.do(cmdFlush, nil); err != nil {
		return fmt.Errorf("flush ipvs: %w", err)
	}
	return nil
}

// Zero resets the counters of one service and its destinations.
func (c *Client) Zero(service resource.ServiceKey) error {
	k, done := c.use()
	defer done()
	err := checkKey(&service)
	if err == nil {
		k.body = appendKey(k.body[:0], &service)
		err = k.do(cmdZero, k.body)
	}
	if err != nil {
		return fmt.Errorf("zero ipvs counters of %v: %w", service, err)
	}
	return nil
}

// ZeroAll resets the counters of all services and destinations.
func (c *Client) ZeroAll() error {
	k, done := c.use()
	defer done()
	if err := k.do(cmdZero, nil); err != nil {
		return fmt.Errorf("zero ipvs counters: %w", err)
	}
	return nil
}
