// What a Query or Scan reads: the table, one of its local indexes or one of its global ones; and all that depends on
// which: key attributes, start keys, what may be filtered and projected. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/error.h"
#include "api/expressions/key_condition.h"
#include "model/attribute_value.h"
#include "model/key.h"
#include "model/table.h"

namespace stator::api {

struct PageRequest;

struct PageTarget {
  const model::LocalIndex* local = nullptr;
  const model::GlobalIndex* global = nullptr;  // both null: the table

  bool is_index() const { return local != nullptr || global != nullptr; }
  // Requires an index.
  const model::Projection& projection() const { return local ? local->projection : global->projection; }
};

// Of the request's IndexName: the error where `table`, the base table, has no such index, or it can't be read yet or so.
Result<PageTarget> page_target(const model::Table& table, const PageRequest& request);
// The same once the request was checked, for the table whose items are read: of a global index, the one that holds it.
PageTarget reading_target(const model::Table& table, const PageRequest& request);

// The attributes that a key condition may name.
expressions::KeyAttributes key_attributes(const model::Table& table, const PageTarget& target);
// The names of what LastEvaluatedKey and ExclusiveStartKey have: the index's keys, then the table's, each once.
std::vector<std::string> page_key_names(const model::Table& table, const PageTarget& target);
model::Item page_key(const model::Table& table, const PageTarget& target, const model::Item& item);

// Whether entries of the target have the attribute.
bool has_attribute(const model::Table& table, const PageTarget& target, std::string_view attribute);
// Refuses what a global index can't give: attributes that it doesn't project.
Result<void> check_projection(const model::Table& table, const PageTarget& target, const PageRequest& request);
// Refuses a Query's filter on attributes that the index doesn't project.
Result<void> check_filter_projection(const model::Table& table, const PageTarget& target,
                                     const PageRequest& request);
// Whether the request wants attributes of the items that the entries of its local index don't have.
bool fetches_items(const model::Table& table, const PageTarget& target, const PageRequest& request);

// What the keys of all that is under one partition key begin with.
std::string key_prefix(const PageTarget& target, const std::vector<model::AttributeValue>& partition_key);

// The bytes of the start key in the target's order. Requires a key map that has all of page_key_names().
model::Result<std::string, model::KeyFailure> start_bytes(const model::Table& table, const PageTarget& target,
                                                          const model::Item& start_key);

}  // namespace stator::api
