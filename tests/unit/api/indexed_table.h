// IndexedTable: a table with indexes of both kinds and all projections, made without CreateTable, for tests of what
// writes and reads do with indexes. Global indexes are kept up at once, as a cluster of one does it.
#pragma once

#include <string>
#include <string_view>

#include "api/operations/put_item.h"
#include "tests/unit/api/harness.h"

namespace stator::api::testing {

// Keys pk (S) and sk (N). Local: "local-all" on l (S), "local-keys" on n (N). Global: "one" on g (S), including x and y;
// "sorted" on g and n, ALL; "many" on (a S, b N; c B, d S), KEYS_ONLY.
inline model::Table indexed_table() {
  using model::AttributeType;
  using model::ProjectionType;
  model::Table table;
  table.id = model::TableId(1);
  table.name = "tab";
  table.key = {{"pk", AttributeType::kS}, model::KeyAttribute{"sk", AttributeType::kN}};
  table.billing_mode = model::BillingMode::kPayPerRequest;
  table.attribute_definitions = {{"pk", AttributeType::kS}, {"sk", AttributeType::kN}, {"l", AttributeType::kS},
                                 {"n", AttributeType::kN},  {"g", AttributeType::kS},  {"a", AttributeType::kS},
                                 {"b", AttributeType::kN},  {"c", AttributeType::kB},  {"d", AttributeType::kS}};
  table.local_indexes = {
      {1, "local-all", {"l", AttributeType::kS}, {ProjectionType::kAll, {}}},
      {2, "local-keys", {"n", AttributeType::kN}, {ProjectionType::kKeysOnly, {}}},
  };
  model::GlobalIndex one;
  one.number = 3;
  one.name = "one";
  one.partition_key = {{"g", AttributeType::kS}};
  one.projection = {ProjectionType::kInclude, {"x", "y"}};
  model::GlobalIndex sorted;
  sorted.number = 4;
  sorted.name = "sorted";
  sorted.partition_key = {{"g", AttributeType::kS}};
  sorted.sort_key = {{"n", AttributeType::kN}};
  sorted.projection = {ProjectionType::kAll, {}};
  model::GlobalIndex many;
  many.number = 5;
  many.name = "many";
  many.partition_key = {{"a", AttributeType::kS}, {"b", AttributeType::kN}};
  many.sort_key = {{"c", AttributeType::kB}, {"d", AttributeType::kS}};
  many.projection = {ProjectionType::kKeysOnly, {}};
  table.global_indexes = {one, sorted, many};
  table.next_index_number = 6;
  return table;
}

}  // namespace stator::api::testing
