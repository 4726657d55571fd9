package nft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	// answerTimeout is how long to wait for an answer. The kernel answers before
	// sending returns, so whatever is not there by then is hardly going to come.
	answerTimeout = 5 * time.Second
	// bufferSize is what a datagram of the kernel's fits into. It sizes those of a dump
	// by the reader's buffer, but makes none larger than half of this. In bytes.
	bufferSize = 64 << 10
	// attempts is how often tables that keep changing are read.
	attempts = 20
)

// Read returns the tables of a name, of both families, as they are at one moment, in the
// network namespace that the calling thread is in. It can make the kernel load nf_tables.
func Read(name string) (Ruleset, error) {
	var rs Ruleset
	err := withConn(func(c *conn) (err error) {
		rs, err = c.read(name)
		return err
	})
	if err != nil {
		return Ruleset{}, fmt.Errorf("read nftables: %w", err)
	}
	return rs, nil
}

// Commit carries out operations in one transaction: all of them or, with an error, none.
// The transaction is bound to the generation that the operations were made for. If there
// is a newer one by now the error is [ErrChanged].
//
// An [*OpError] names the operation that the kernel refuses. After [ErrNoAnswer] nobody
// knows whether the operations were carried out.
func Commit(generation uint32, ops []Op) error {
	if len(ops) == 0 {
		return nil
	}
	messages, err := transaction(generation, ops)
	if err == nil {
		err = withConn(func(c *conn) error { return c.commit(messages) })
	}
	var refused *OpError
	if errors.As(err, &refused) && errors.Is(err, unix.ENOENT) && ops[refused.Index].adds() {
		return &OpError{refused.Index, fmt.Errorf("%w: %w", ErrLacking, refused.Err)}
	}
	if err != nil {
		return fmt.Errorf("change nftables: %w", err)
	}
	return nil
}

// A conn is a connection to nf_tables. What it is used for, reading or one transaction,
// may leave answers behind that nobody heard.
type conn struct {
	*netlink.Conn
	raw syscall.RawConn
}

// withConn lends out a connection.
func withConn(f func(*conn) error) error {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, &netlink.Config{MessageBufferSize: bufferSize})
	if err != nil {
		return explain(err)
	}
	defer func() { _ = c.Close() }()
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return f(&conn{c, raw})
}

// read reads the tables of a name until nothing has changed meanwhile.
func (c *conn) read(name string) (rs Ruleset, err error) {
	for range attempts {
		before, err := c.generation()
		if err != nil {
			return rs, err
		}
		if rs.Tables, err = c.tables(name); err != nil {
			return rs, err
		}
		if rs.Generation, err = c.generation(); err != nil || rs.Generation == before {
			return rs, err
		}
	}
	return rs, ErrChanged
}

// generation asks for the number of the last change.
func (c *conn) generation() (uint32, error) {
	answers, err := c.Execute(request(unix.NFT_MSG_GETGEN, 0, unix.AF_UNSPEC))
	if err != nil {
		return 0, explain(err)
	}
	if len(answers) != 1 {
		return 0, fmt.Errorf("%w: %d generations", ErrMalformed, len(answers))
	}
	return decodeGeneration(answers[0])
}

func (c *conn) tables(name string) (list []Table, err error) {
	for _, family := range []resource.Family{resource.IPv4, resource.IPv6} {
		t, err := c.table(family, name)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// table reads one table with its chains and their rules.
func (c *conn) table(family resource.Family, name string) (Table, error) {
	answers, err := c.ask(unix.NFT_MSG_GETTABLE, 0, family, unix.NFTA_TABLE_NAME, name)
	if err != nil {
		return Table{}, err
	}
	if len(answers) != 1 {
		return Table{}, fmt.Errorf("%w: %d tables of one name", ErrMalformed, len(answers))
	}
	t, err := decodeTable(answers[0], family)
	if err != nil {
		return t, err
	}
	if err := c.chains(&t); err != nil {
		return t, err
	}
	return t, c.rules(&t)
}

// chains reads the chains of a table. Not every kernel lists those of one table alone.
func (c *conn) chains(t *Table) error {
	answers, err := c.ask(unix.NFT_MSG_GETCHAIN, netlink.Dump, t.Family, unix.NFTA_CHAIN_TABLE, t.Name)
	if err != nil {
		return err
	}
	for _, m := range answers {
		table, chain, err := decodeChain(m)
		if err != nil {
			return err
		}
		if table == t.Name {
			t.Chains = append(t.Chains, chain)
		}
	}
	return nil
}

// rules reads the rules of a table's chains.
func (c *conn) rules(t *Table) error {
	chains := map[string]*Chain{}
	for i := range t.Chains {
		chains[t.Chains[i].Name] = &t.Chains[i]
	}
	answers, err := c.ask(unix.NFT_MSG_GETRULE, netlink.Dump, t.Family, unix.NFTA_RULE_TABLE, t.Name)
	if err != nil {
		return err
	}
	for _, m := range answers {
		table, name, rule, err := decodeRule(m, t.Family)
		if err != nil {
			return err
		}
		if chain := chains[name]; table == t.Name && chain != nil {
			chain.Rules = append(chain.Rules, rule)
		}
	}
	return nil
}

// ask sends a question with one attribute, a name.
func (c *conn) ask(typ uint16, flags netlink.HeaderFlags, family resource.Family, attr uint16, name string) ([]netlink.Message, error) {
	m := request(typ, flags, family)
	ae := newEncoder()
	ae.String(attr, name)
	body, err := ae.Encode()
	if err != nil {
		return nil, err
	}
	m.Data = append(m.Data, body...)
	return c.Execute(m)
}

// commit sends the messages of a transaction and hears what became of them.
func (c *conn) commit(messages []netlink.Message) error {
	size := 0
	for _, m := range messages {
		size += unix.NLMSG_HDRLEN + len(m.Data)
	}
	// This goes beyond the system's limit if we are allowed to.
	if err := c.SetWriteBuffer(size + 1<<16); err != nil {
		return fmt.Errorf("set socket buffer: %w", err)
	}
	sent, err := c.SendMessages(messages)
	if err != nil {
		return fmt.Errorf("send %d bytes: %w", size, err)
	}
	return c.verdict(sent[0].Header.Sequence, len(messages)-2)
}

// transaction is the messages for operations. Only the last of them asks for an
// acknowledgement: errors always come back.
func transaction(generation uint32, ops []Op) ([]netlink.Message, error) {
	begin := bracket(unix.NFNL_MSG_BATCH_BEGIN)
	ae := newEncoder()
	ae.Uint32(unix.NFNL_BATCH_GENID, generation)
	body, err := ae.Encode()
	if err != nil {
		return nil, err
	}
	begin.Data = append(begin.Data, body...)
	messages := []netlink.Message{begin}
	for i, op := range ops {
		m, err := op.message()
		if err != nil {
			return nil, &OpError{i, err}
		}
		messages = append(messages, m)
	}
	messages[len(messages)-1].Header.Flags |= netlink.Acknowledge
	return append(messages, bracket(unix.NFNL_MSG_BATCH_END)), nil
}

// verdict hears what became of a transaction of n operations, whose first message has
// the sequence number first. The kernel answers in the order of the messages when it is
// done with all of them, and about the transaction as a whole before that.
func (c *conn) verdict(first uint32, n int) error {
	for {
		b, err := c.receive()
		if errors.Is(err, unix.ENOBUFS) {
			continue // there were too many answers, but the first ones are there
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoAnswer, err)
		}
		answers, err := syscall.ParseNetlinkMessage(b)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoAnswer, err)
		}
		for _, m := range answers {
			i := int(m.Header.Seq - first)
			if m.Header.Type != unix.NLMSG_ERROR || len(m.Data) < 4 || i < 0 || i > n {
				continue
			}
			errno := unix.Errno(-int32(binary.NativeEndian.Uint32(m.Data)))
			switch {
			case errno != 0 && i == 0:
				return explain(errno)
			case errno != 0:
				return &OpError{i - 1, errno}
			case i == n:
				return nil
			}
		}
	}
}

// receive receives one datagram. It goes around the Receive of package netlink, which
// does not tell to which message of a transaction an error belongs.
func (c *conn) receive() ([]byte, error) {
	if err := c.SetReadDeadline(time.Now().Add(answerTimeout)); err != nil {
		return nil, err
	}
	b := make([]byte, bufferSize)
	var n int
	var err error
	waited := c.raw.Read(func(fd uintptr) bool {
		for {
			n, _, err = unix.Recvfrom(int(fd), b, 0)
			if !errors.Is(err, unix.EINTR) {
				return !errors.Is(err, unix.EAGAIN)
			}
		}
	})
	if waited != nil {
		return nil, waited
	}
	if err != nil {
		return nil, os.NewSyscallError("recvfrom", err)
	}
	return b[:n], nil
}
