package main

import (
	"fmt"
	"math"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

// violation tells of a key how far an order could be found, and what no order can hold after that.
type violation struct {
	Key        string   `json:"key"`
	Operations int      `json:"operations"`
	Explained  int      `json:"explained"` // by the longest order that was found
	Last       []string `json:"last"`      // the end of that order
	State      string   `json:"state"`     // of the item after it
	Left       []string `json:"left"`      // the first of what it does not hold
}

type verdict struct {
	Operations int         `json:"operations"` // those that were checked
	Keys       int         `json:"keys"`
	Maybe      int         `json:"maybe"`   // of unknown outcome, among them
	Refused    int         `json:"refused"` // conditions that failed, among them
	LargestKey int         `json:"largest_key"`
	Violated   []violation `json:"violated"`
	Undecided  []string    `json:"undecided"` // keys
	Seconds    float64     `json:"seconds"`
}

// What a report shows of a long history.
const shownMax = 8

func check(records []record, timeout time.Duration, picture string) (verdict, error) {
	begun := time.Now()
	result := verdict{Violated: []violation{}, Undecided: []string{}}
	histories := map[string][]porcupine.Operation{}
	for _, one := range records {
		// A read that was not answered changes nothing, and what failed for certain never happened.
		if one.Outcome == outcomeFail || (one.Outcome == outcomeMaybe && one.Op == "get") {
			continue
		}
		result.Operations++
		if one.Outcome == outcomeMaybe {
			result.Maybe++
		} else if !one.Output.Applied {
			result.Refused++
		}
		histories[one.Key] = append(histories[one.Key], operationOf(one))
	}
	keys := make([]string, 0, len(histories))
	for key, history := range histories {
		keys = append(keys, key)
		result.LargestKey = max(result.LargestKey, len(history))
	}
	sort.Strings(keys)
	result.Keys = len(keys)
	for _, key := range keys {
		left := timeout - time.Since(begun)
		if left <= 0 {
			result.Undecided = append(result.Undecided, key)
			continue
		}
		switch porcupine.CheckOperationsTimeout(itemModel, histories[key], left) {
		case porcupine.Unknown:
			result.Undecided = append(result.Undecided, key)
		case porcupine.Illegal:
			told, err := explain(key, histories[key], left, picture)
			if err != nil {
				return result, err
			}
			result.Violated = append(result.Violated, told)
			picture = "" // the first one is shown
		}
	}
	result.Seconds = time.Since(begun).Seconds()
	return result, nil
}

func operationOf(one record) porcupine.Operation {
	operation := porcupine.Operation{
		ClientId: one.Client,
		Input:    call{one.Op, one.Input},
		Call:     one.Call,
		Output:   one.Output,
		Return:   math.MaxInt64,
	}
	if one.Outcome == outcomeOk {
		operation.Return = *one.Return
	}
	return operation
}

// explain finds the longest order again, for people.
func explain(key string, history []porcupine.Operation, timeout time.Duration, picture string) (violation, error) {
	told := violation{Key: key, Operations: len(history), Last: []string{}, Left: []string{}}
	_, info := porcupine.CheckOperationsVerbose(itemModel, history, timeout)
	if picture != "" {
		if err := porcupine.VisualizePath(itemModel, info, picture); err != nil {
			return told, fmt.Errorf("the picture: %w", err)
		}
	}
	var longest []porcupine.Operation
	for _, orders := range info.PartialLinearizationsOperations() {
		for _, order := range orders {
			if len(order) > len(longest) {
				longest = order
			}
		}
	}
	at, placed := interface{}(state{}), map[string]int{}
	for _, one := range longest {
		_, at = itemModel.Step(at, one.Input, one.Output)
		placed[line(one)]++
	}
	told.Explained, told.State = len(longest), at.(state).String()
	for _, one := range longest[max(0, len(longest)-shownMax):] {
		told.Last = append(told.Last, line(one))
	}
	sort.SliceStable(history, func(i, j int) bool { return history[i].Call < history[j].Call })
	for _, one := range history {
		if placed[line(one)]--; placed[line(one)] < 0 && len(told.Left) < shownMax {
			told.Left = append(told.Left, line(one))
		}
	}
	return told, nil
}

func line(one porcupine.Operation) string {
	until := "open"
	if one.Return != math.MaxInt64 {
		until = fmt.Sprint(one.Return)
	}
	return fmt.Sprintf("[%d, %s] client %d: %s", one.Call, until, one.ClientId,
		describe(one.Input.(call), one.Output.(*output)))
}
