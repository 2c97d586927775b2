// TableDescription: how a table looks in the answers of CreateTable, DescribeTable, UpdateTable and
// DeleteTable, and what those operations share. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "api/operation.h"
#include "api/operations/common.h"

namespace stator::api {

// What the service describes of a table that is going: the rest of it is no longer there.
enum class Detail : uint8_t { kWhole, kDeleted };
void write_table_description(const Request& request, const TableAnswer& answer, Detail detail,
                             json::Writer& out);

// The body of DescribeTable, UpdateTable, ... that only names a table.
Result<std::shared_ptr<Request>> read_table_request(const json::Value& body);

// ProvisionedThroughput as it was asked for; nothing where it is absent.
struct AskedThroughput {
  uint64_t read_units = 0;
  uint64_t write_units = 0;
};
// Against BillingMode (nothing: absent) and the bounds.
Result<std::optional<AskedThroughput>> read_throughput(const json::Value& body,
                                                       std::optional<std::string_view> billing_mode);
Failure throughput_on_demand();
Failure throughput_missing();

model::TableClass read_table_class(std::string_view text);

// A table that is being created, changed or deleted cannot be changed.
Result<void> check_changeable(const model::Table& table);

}  // namespace stator::api
