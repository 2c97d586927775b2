// Throughput of tables and global indexes. Pure.
#include "api/operations/throughput.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "api/operations/common.h"

namespace stator::api {
namespace {

// More units than this are "out of bounds" for the service; its quotas are far below.
constexpr int64_t kCapacityUnitsMax = 1'000'000'000'000;
// What an on-demand table serves from its first second. Source: DG, "Initial throughput for on-demand capacity mode".
constexpr uint64_t kInitialReadUnits = 12000;
constexpr uint64_t kInitialWriteUnits = 4000;
// Source: DG, "Decreasing provisioned throughput"; the error's own text.
constexpr uint32_t kFreeDecreasesADay = 4;
constexpr uint64_t kMicrosASecond = 1'000'000;
constexpr uint64_t kDecreaseIntervalMicros = 3600 * kMicrosASecond;
constexpr uint64_t kMicrosADay = 86'400 * kMicrosASecond;
constexpr std::string_view kInitialThroughputPage =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "on-demand-capacity-mode.html#on-demand-capacity-mode-initial";

Result<void> check_units(int64_t units, std::string_view member) {
  if (units > kCapacityUnitsMax)
    return validation_error("Given value " + std::to_string(units) + " for " + std::string(member) + " is out of bounds");
  return {};
}

AskedUnits read_units(const json::Value& owner, std::string_view member, std::string_view read, std::string_view write) {
  const auto given = json::member(owner, member);
  if (!given) return {};
  return {read_integer(*given, read), read_integer(*given, write)};
}

// How the service's texts name the owner: " for table", " for index gsi".
std::string owner_of(std::string_view index) {
  return index.empty() ? " for table" : " for index " + std::string(index);
}

Result<void> check_on_demand_units(const std::optional<int64_t>& units, std::string_view member, model::BillingMode mode,
                                   std::string_view index, TableStep step) {
  if (!units) return {};
  const bool create = step == TableStep::kCreate;
  const std::string name(member);
  if (mode == model::BillingMode::kProvisioned) {
    std::string text = name + " for OnDemandThroughput";
    if (!index.empty()) text.append(create ? " for index: " : " for index : ").append(index);
    return invalid_parameters(text + (create ? " cannot be specified when table BillingMode is PROVISIONED."
                                             : " cannot be specified when the table BillingMode is PROVISIONED"));
  }
  const bool removes = !create && *units == -1;
  if (*units < 1 && !removes)
    return invalid_parameters("Requested " + name + " for OnDemandThroughput for " +
                              (index.empty() ? "table" : "index : " + std::string(index)) + " is outside of valid range");
  return {};
}

Failure warm_too_low(std::string_view member, std::string_view index, std::string_view than) {
  return invalid_parameters("Requested " + std::string(member) + " for WarmThroughput" + owner_of(index) +
                            " is lower than " + std::string(than));
}

bool is_below(const std::optional<int64_t>& asked, uint64_t floor) {
  return asked && (*asked < 0 || static_cast<uint64_t>(*asked) < floor);
}

// A day of the Gregorian calendar, counted from 1970-01-01.
struct Date {
  uint64_t year = 0;
  unsigned month = 0;  // 1 to 12
  unsigned day = 0;    // 1 to 31
};

// Years begin in March here, so that a leap day is a year's last; 400 of them have 146,097 days.
Date date_of(uint64_t days_since_1970) {
  const uint64_t days = days_since_1970 + 719'468;  // since 0000-03-01
  const uint64_t era = days / 146'097;
  const uint64_t day_of_era = days % 146'097;
  const uint64_t year = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const uint64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
  const auto march_month = static_cast<unsigned>((5 * day_of_year + 2) / 153);
  const unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
  return {era * 400 + year + (month <= 2 ? 1 : 0), month,
          static_cast<unsigned>(day_of_year - (153 * march_month + 2) / 5 + 1)};
}

// "Thursday, October 8, 2026 at 11:20:48 PM Coordinated Universal Time"
std::string spell_time(uint64_t micros) {
  static constexpr const char* kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday"};
  static constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                            "July",    "August",   "September", "October", "November", "December"};
  constexpr uint64_t kFirstWeekday = 4;  // 1970-01-01 was a Thursday
  const uint64_t days = micros / kMicrosADay;
  const auto second = static_cast<unsigned>(micros % kMicrosADay / kMicrosASecond);
  const unsigned hour = second / 3600;
  const Date date = date_of(days);
  char text[96];
  std::snprintf(text, sizeof text, "%s, %s %u, %llu at %u:%02u:%02u %s Coordinated Universal Time",
                kDays[(days + kFirstWeekday) % 7], kMonths[date.month - 1], date.day,
                static_cast<unsigned long long>(date.year), hour % 12 == 0 ? 12 : hour % 12, second / 60 % 60,
                second % 60, hour < 12 ? "AM" : "PM");
  return text;
}

// Four decreases a day at any time, then one an hour after the last; midnight gives all four again.
Result<void> check_decrease(const model::Throughput& now, model::Stamp stamp) {
  if (!same_day(now.last_decrease, stamp) || now.decreases_today < kFreeDecreasesADay) return {};
  const uint64_t next_day = (stamp.micros / kMicrosADay + 1) * kMicrosADay;
  const uint64_t next = std::min(now.last_decrease.micros + kDecreaseIntervalMicros, next_day);
  if (stamp.micros >= next) return {};
  return limit_exceeded(
      "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first " +
      std::to_string(kFreeDecreasesADay) +
      " decreases, each subsequent decrease in the same UTC day can be performed at most once every " +
      std::to_string(kDecreaseIntervalMicros / kMicrosASecond) +
      " seconds. Number of decreases today: " + std::to_string(now.decreases_today) + ". Last decrease at " +
      spell_time(now.last_decrease.micros) + ". Next decrease can be made at " + spell_time(next));
}

Failure throughput_unchanged(const model::Throughput& now, const AskedThroughput& asked, std::string_view index) {
  const std::string owner = index.empty() ? "the table" : "the index " + std::string(index);
  const std::string short_owner = index.empty() ? "the table" : "index " + std::string(index);
  return validation_error("The provisioned throughput for " + owner +
                          " will not change. The requested value equals the current value. Current ReadCapacityUnits "
                          "provisioned for " +
                          short_owner + ": " + std::to_string(now.read_units) +
                          ". Requested ReadCapacityUnits: " + std::to_string(asked.read_units) +
                          ". Current WriteCapacityUnits provisioned for " + short_owner + ": " +
                          std::to_string(now.write_units) +
                          ". Requested WriteCapacityUnits: " + std::to_string(asked.write_units) +
                          ". Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher "
                          "limits.");
}

}  // namespace

Result<std::optional<AskedThroughput>> read_provisioned(const json::Value& owner) {
  const auto given = json::member(owner, "ProvisionedThroughput");
  if (!given) return std::optional<AskedThroughput>();
  const int64_t read = read_integer(*given, "ReadCapacityUnits").value_or(1);
  const int64_t write = read_integer(*given, "WriteCapacityUnits").value_or(1);
  if (auto done = check_units(read, "ReadCapacityUnits"); !done) return Failure(done.error());
  if (auto done = check_units(write, "WriteCapacityUnits"); !done) return Failure(done.error());
  return std::optional(AskedThroughput{static_cast<uint64_t>(read), static_cast<uint64_t>(write)});
}

AskedUnits read_on_demand(const json::Value& owner) {
  return read_units(owner, "OnDemandThroughput", "MaxReadRequestUnits", "MaxWriteRequestUnits");
}

AskedUnits read_warm(const json::Value& owner) {
  return read_units(owner, "WarmThroughput", "ReadUnitsPerSecond", "WriteUnitsPerSecond");
}

Failure throughput_on_demand() {
  return invalid_parameters(
      "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
      "PAY_PER_REQUEST");
}

Result<void> check_on_demand(const AskedUnits& asked, model::BillingMode mode, std::string_view index, TableStep step) {
  if (auto done = check_on_demand_units(asked.read, "MaxReadRequestUnits", mode, index, step); !done) return done;
  return check_on_demand_units(asked.write, "MaxWriteRequestUnits", mode, index, step);
}

Result<void> check_new_warm(const AskedUnits& asked, model::BillingMode mode, const model::Throughput& throughput,
                            std::string_view index) {
  if (mode == model::BillingMode::kPayPerRequest) {
    const std::string initial = "initial throughput for OnDemand. See: " + std::string(kInitialThroughputPage);
    if (is_below(asked.read, kInitialReadUnits)) return warm_too_low("ReadUnitsPerSecond", index, initial);
    if (is_below(asked.write, kInitialWriteUnits)) return warm_too_low("WriteUnitsPerSecond", index, initial);
    return {};
  }
  if (is_below(asked.read, throughput.read_units))
    return warm_too_low("ReadUnitsPerSecond", index, "ReadCapacityUnits of ProvisionedThroughput");
  if (is_below(asked.write, throughput.write_units))
    return warm_too_low("WriteUnitsPerSecond", index, "WriteCapacityUnits of ProvisionedThroughput");
  return {};
}

Result<void> check_warm(const AskedUnits& asked, const model::WarmThroughput& now, std::string_view index) {
  constexpr std::string_view kThan = "current WarmThroughput, decreasing WarmThroughput is not supported";
  if (is_below(asked.read, now.read_units)) return warm_too_low("ReadUnitsPerSecond", index, kThan);
  if (is_below(asked.write, now.write_units)) return warm_too_low("WriteUnitsPerSecond", index, kThan);
  return {};
}

model::WarmThroughput effective_warm(model::BillingMode mode, const model::Throughput& throughput,
                                     const model::WarmThroughput& warm) {
  const bool on_demand = mode == model::BillingMode::kPayPerRequest;
  return {std::max(warm.read_units, on_demand ? kInitialReadUnits : throughput.read_units),
          std::max(warm.write_units, on_demand ? kInitialWriteUnits : throughput.write_units)};
}

void change_on_demand(model::OnDemandLimits& limits, const AskedUnits& asked) {
  const auto limit = [](int64_t units) { return units == -1 ? uint64_t{0} : static_cast<uint64_t>(units); };
  if (asked.read) limits.read_units = limit(*asked.read);
  if (asked.write) limits.write_units = limit(*asked.write);
}

void change_warm(model::WarmThroughput& warm, const AskedUnits& asked) {
  if (asked.read) warm.read_units = static_cast<uint64_t>(*asked.read);
  if (asked.write) warm.write_units = static_cast<uint64_t>(*asked.write);
}

Result<void> change_throughput(model::Throughput& throughput, const AskedThroughput& asked, model::Stamp stamp,
                               std::string_view index) {
  if (asked.read_units == throughput.read_units && asked.write_units == throughput.write_units)
    return throughput_unchanged(throughput, asked, index);
  const bool decreases = asked.read_units < throughput.read_units || asked.write_units < throughput.write_units;
  if (decreases) {
    if (auto done = check_decrease(throughput, stamp); !done) return done;
    throughput.decreases_today = same_day(throughput.last_decrease, stamp) ? throughput.decreases_today + 1 : 1;
    throughput.last_decrease = stamp;
  }
  if (asked.read_units > throughput.read_units || asked.write_units > throughput.write_units)
    throughput.last_increase = stamp;
  throughput.read_units = asked.read_units;
  throughput.write_units = asked.write_units;
  return {};
}

void forget_old_decreases(model::Table& table, model::Stamp stamp) {
  const auto forget = [&](model::Throughput& throughput) {
    if (!same_day(throughput.last_decrease, stamp)) throughput.decreases_today = 0;
  };
  forget(table.throughput);
  for (model::GlobalIndex& index : table.global_indexes) forget(index.throughput);
}

bool same_day(model::Stamp a, model::Stamp b) { return a.micros / kMicrosADay == b.micros / kMicrosADay; }

}  // namespace stator::api
