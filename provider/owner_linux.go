package provider

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
)

// ownerName is the name of a user, or the number of one that has none.
func ownerName(uid uint32) (string, error) {
	id := strconv.FormatUint(uint64(uid), 10)
	u, err := user.LookupId(id)
	var none user.UnknownUserIdError
	switch {
	case errors.As(err, &none):
		return id, nil
	case err != nil:
		return "", fmt.Errorf("look up user %s: %w", id, err)
	}
	return u.Username, nil
}

// groupName is the name of a group, or the number of one that has none.
func groupName(gid uint32) (string, error) {
	id := strconv.FormatUint(uint64(gid), 10)
	g, err := user.LookupGroupId(id)
	var none user.UnknownGroupIdError
	switch {
	case errors.As(err, &none):
		return id, nil
	case err != nil:
		return "", fmt.Errorf("look up group %s: %w", id, err)
	}
	return g.Name, nil
}

// ownerNumbers are the numbers of a user and a group.
func ownerNumbers(owner, group string) (uid, gid uint32, err error) {
	if uid, err = ownerNumber(owner); err != nil {
		return 0, 0, err
	}
	gid, err = groupNumber(group)
	return uid, gid, err
}

// ownerNumber is the number of a user that is named as [ownerName] names it. A file could
// not be told to be as wanted if it were named otherwise.
func ownerNumber(name string) (uint32, error) {
	id := name
	if u, err := user.Lookup(name); err == nil {
		id = u.Uid
	}
	return number("user", name, id, ownerName)
}

// groupNumber is the number of a group that is named as [groupName] names it.
func groupNumber(name string) (uint32, error) {
	id := name
	if g, err := user.LookupGroup(name); err == nil {
		id = g.Gid
	}
	return number("group", name, id, groupName)
}

// number reads an ID and makes sure that what has it is called by a name.
func number(what, name, id string, nameOf func(uint32) (string, error)) (uint32, error) {
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil || n == 1<<32-1 { // the highest number means none at all
		return 0, fmt.Errorf("there is no %s %q", what, name)
	}
	called, err := nameOf(uint32(n))
	if err != nil {
		return 0, err
	}
	if called != name {
		return 0, fmt.Errorf("%s %q is called %q here: write that", what, name, called)
	}
	return uint32(n), nil
}
