// TableDescription: how a table looks in the answers of CreateTable, DescribeTable, UpdateTable and
// DeleteTable, and what those operations share. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "api/operation.h"
#include "api/operations/common.h"

namespace stator::api {

// A table with the counts of its indexes, as an answer shows it.
TableAnswer describe(const TableView& tables, const model::Table& table);

// What an answer leaves out of a description: of a table that was made just now, what comes with its first second; of one that
// is going, all that is no longer there.
enum class Detail : uint8_t { kWhole, kCreated, kDeleted };
// What a request asked for that the service would still be busy with. By name; empty: the table.
struct Pending {
  std::vector<std::string_view> warm;  // WarmThroughput
  bool is_warming(std::string_view index) const;
};
void write_table_description(const Request& request, const TableAnswer& answer, Detail detail, const Pending& pending,
                             json::Writer& out);

// In an answer alone: a limit that the request took away, which the answer repeats as -1.
inline constexpr uint64_t kRemovedLimit = ~uint64_t{0};

// The body of DescribeTable, UpdateTable, ... that only names a table.
Result<std::shared_ptr<Request>> read_table_request(const json::Value& body);
// The table that a request names; null: there is none that a client could name.
const model::Table* find_table(const TableView& tables, const Request& request);

model::BillingMode read_billing_mode(std::string_view text);
Result<model::TableClass> read_table_class(std::string_view text);

// A table that is being created or deleted cannot be changed. One that is being updated can: only its indexes are
// in the making, and each change says for itself what it waits for.
Result<void> check_changeable(const model::Table& table);

}  // namespace stator::api
