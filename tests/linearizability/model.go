package main

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// state is an item as a comparable value, so that porcupine compares states with ==.
type state struct {
	Exists   bool
	HasValue bool
	Value    string
	HasCount bool
	Count    int64
}

func stateOf(shown *item) state {
	if shown == nil {
		return state{}
	}
	s := state{Exists: true}
	if shown.Value != nil {
		s.HasValue, s.Value = true, *shown.Value
	}
	if shown.Count != nil {
		s.HasCount, s.Count = true, *shown.Count
	}
	return s
}

func (s state) String() string {
	if !s.Exists {
		return "no item"
	}
	text := "{"
	if s.HasValue {
		text += s.Value
	}
	if s.HasCount {
		text += fmt.Sprintf(" count %d", s.Count)
	}
	return text + "}"
}

func (c *condition) holds(s state) bool {
	switch {
	case c == nil:
		return true
	case c.Exists != nil:
		return s.Exists == *c.Exists
	default:
		return s.HasValue && s.Value == *c.Value
	}
}

// operation is one call of the API as a function of the item. shows: what its answer holds of the item.
type operation struct {
	apply func(s state, in input) state
	shows func(before, after state) state
}

func before(old, _ state) state { return old }
func after(_, now state) state  { return now }

// A condition that fails changes nothing and shows the item as it is (ReturnValuesOnConditionCheckFailure).
var operations = map[string]operation{
	// GetItem with ConsistentRead.
	"get": {func(s state, _ input) state { return s }, before},
	// PutItem, ReturnValues ALL_OLD: the whole item is replaced.
	"put": {func(_ state, in input) state { return state{Exists: true, HasValue: true, Value: in.Value} }, before},
	// UpdateItem SET, ReturnValues ALL_NEW.
	"update": {func(s state, in input) state {
		s.Exists, s.HasValue, s.Value = true, true, in.Value
		return s
	}, after},
	// UpdateItem ADD, ReturnValues ALL_NEW.
	"add": {func(s state, in input) state {
		s.Exists, s.HasCount, s.Count = true, true, s.Count+in.Delta
		return s
	}, after},
	// DeleteItem, ReturnValues ALL_OLD.
	"delete": {func(state, input) state { return state{} }, before},
}

type call struct {
	op string
	in input
}

// itemModel: one key, from no item on. An output of nil is an answer that nobody knows: any effect that the operation
// may have had is right, and one that never happened is one that happens after everything else.
var itemModel = porcupine.Model{
	Init: func() interface{} { return state{} },
	Step: func(at, called, answered interface{}) (bool, interface{}) {
		s, c, out := at.(state), called.(call), answered.(*output)
		op := operations[c.op]
		applies := c.in.Condition.holds(s)
		next := s
		if applies {
			next = op.apply(s, c.in)
		}
		if out == nil {
			return true, next
		}
		shown := s
		if applies {
			shown = op.shows(s, next)
		}
		return out.Applied == applies && stateOf(out.Item) == shown, next
	},
	DescribeOperation: func(called, answered interface{}) string {
		return describe(called.(call), answered.(*output))
	},
	DescribeState: func(at interface{}) string { return at.(state).String() },
}

func describe(c call, out *output) string {
	text := c.op
	switch c.op {
	case "put", "update":
		text += " " + c.in.Value
	case "add":
		text += fmt.Sprintf(" %+d", c.in.Delta)
	}
	if on := c.in.Condition; on != nil && on.Exists != nil {
		text += map[bool]string{true: " if it exists", false: " if it does not exist"}[*on.Exists]
	} else if on != nil {
		text += " if it is " + *on.Value
	}
	switch {
	case out == nil:
		return text + " -> ?"
	case !out.Applied:
		return text + " -> refused, " + stateOf(out.Item).String()
	}
	return text + " -> " + stateOf(out.Item).String()
}
