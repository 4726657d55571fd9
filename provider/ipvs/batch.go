package ipvs

import (
	"errors"
	"fmt"
)

// batchSize is how many operations go into one datagram: enough for the system calls
// to be a small part of the time, and few enough for all to be answered.
const batchSize = 128

// apply carries out operations in batches: many messages in one datagram, of which
// only the last one asks for an acknowledgement. The kernel goes through a datagram
// from front to back and answers the messages that fail in any case, so that the last
// one's acknowledgement says that there are no more errors to come.
//
// This halves the time of asking for an acknowledgement each time, and is several times
// faster than sending and waiting in turns. The price is that the kernel does not stop
// at an error: it carries out the rest of the datagram. No further one is sent then.
func (c *conn) apply(ops []Op) (attempted int, failures []Failure) {
	if failures = checkOps(ops); len(failures) > 0 {
		return 0, failures
	}
	for attempted < len(ops) && len(failures) == 0 {
		batch := ops[attempted:min(attempted+batchSize, len(ops))]
		first, err := c.sendBatch(batch)
		if err != nil {
			return attempted, []Failure{{attempted, err}}
		}
		failures = c.verdicts(batch, first, attempted)
		attempted += len(batch)
	}
	return attempted, failures
}

// checkOps finds the operations that cannot be sent.
func checkOps(ops []Op) (failures []Failure) {
	for i := range ops {
		if err := ops[i].check(); err != nil {
			failures = append(failures, Failure{i, err})
		}
	}
	return failures
}

// sendBatch sends operations in one datagram and returns the sequence number of the
// first; the others follow it.
func (c *conn) sendBatch(ops []Op) (first uint32, err error) {
	first = c.seq + 1
	c.out = c.out[:0]
	for i, op := range ops {
		flags := flagRequest
		if i == len(ops)-1 {
			flags |= flagAck
		}
		c.seq++
		c.out = appendOp(c.out, c.family, flags, c.seq, op)
	}
	if err := c.send(c.out); err != nil {
		return 0, fmt.Errorf("send: %w", err)
	}
	return first, nil
}

// verdicts hears what became of a batch, whose operations start at base in the whole
// list. An answer that got lost is a failure of every operation not known to have failed.
func (c *conn) verdicts(ops []Op, first uint32, base int) (failures []Failure) {
	var errs [batchSize]error
	last := uint32(len(ops) - 1)
	lost := c.listen(func(m message) (over bool, err error) {
		i := m.seq - first
		if i > last || m.typ != typeError {
			return false, nil
		}
		errno, err := m.status()
		if err != nil {
			return false, err
		}
		if errno != 0 {
			errs[i] = explain(ops[i].command(), errno, m.explanation())
		}
		return i == last, nil
	})
	if lost != nil && !errors.Is(lost, ErrNoAnswer) {
		lost = fmt.Errorf("%w: %w", ErrNoAnswer, lost)
	}
	for i := range ops {
		err := errs[i]
		if err == nil {
			err = lost
		}
		if err != nil {
			failures = append(failures, Failure{base + i, err})
		}
	}
	return failures
}
