// Throughput of tables and global indexes, as CreateTable and UpdateTable ask for it: provisioned capacity with its daily
// decreases, the limits of on-demand request units, and warm throughput; the service's rules and texts. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "api/error.h"
#include "api/json.h"
#include "model/table.h"

namespace stator::api {

// ProvisionedThroughput as it was asked for.
struct AskedThroughput {
  uint64_t read_units = 0;
  uint64_t write_units = 0;
};

// OnDemandThroughput or WarmThroughput: either member may be absent.
struct AskedUnits {
  std::optional<int64_t> read;
  std::optional<int64_t> write;
  bool empty() const { return !read && !write; }
};

// Members of a table's or an index's part of a request. Nothing where the member is absent; units past the bounds are refused.
Result<std::optional<AskedThroughput>> read_provisioned(const json::Value& owner);
AskedUnits read_on_demand(const json::Value& owner);
AskedUnits read_warm(const json::Value& owner);

// "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST".
Failure throughput_on_demand();

// The words differ a little between the two operations.
enum class TableStep : uint8_t { kCreate, kUpdate };

// `index`: its name; empty: the table itself.
Result<void> check_on_demand(const AskedUnits& asked, model::BillingMode mode, std::string_view index, TableStep step);
// What a new table or index may say of its warm throughput.
Result<void> check_new_warm(const AskedUnits& asked, model::BillingMode mode, const model::Throughput& throughput,
                            std::string_view index);
// Warm throughput only ever grows. `now`: effective_warm().
Result<void> check_warm(const AskedUnits& asked, const model::WarmThroughput& now, std::string_view index);

// What a table or index says of its warm throughput: what was asked for, and never less than its mode gives.
model::WarmThroughput effective_warm(model::BillingMode mode, const model::Throughput& throughput,
                                     const model::WarmThroughput& warm);

void change_on_demand(model::OnDemandLimits& limits, const AskedUnits& asked);
void change_warm(model::WarmThroughput& warm, const AskedUnits& asked);
// Refused: what is the same already, and decreases beyond those of a day (four, then one an hour; days are UTC's).
Result<void> change_throughput(model::Throughput& throughput, const AskedThroughput& asked, model::Stamp stamp,
                               std::string_view index);
// NumberOfDecreasesToday of a table and its indexes, as of `stamp`: those of another UTC day do not count any more.
void forget_old_decreases(model::Table& table, model::Stamp stamp);
// Whether both are on one UTC day.
bool same_day(model::Stamp a, model::Stamp b);

}  // namespace stator::api
