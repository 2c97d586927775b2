// UpdateTimeToLive. Pure.
#include "api/operations/update_time_to_live.h"

#include "api/operations/table_description.h"
#include "api/shapes/table_shapes.h"
#include "model/assert.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
    {"TimeToLiveSpecification", &kTimeToLiveSpecification, kRequired},
};
constexpr Shape kInput = structure_of("UpdateTimeToLiveInput", kMembers);

// The service takes one change in about this long. It documents "up to one hour"; measured: refused after 1811 s, taken after
// 1871 s.
constexpr uint64_t kIntervalMicros = 31ULL * 60 * 1'000'000;

// What the request says against what the table has; how often it may be said comes last.
Result<void> check_change(const model::TimeToLive& now, const UpdateTimeToLiveRequest& request, model::Stamp stamp) {
  const bool other = now.enabled && now.attribute != request.attribute;
  if (!request.enabled && !now.enabled) return validation_error("TimeToLive is already disabled");
  if (other)
    return validation_error("TimeToLive is active on a different AttributeName: current AttributeName is " + now.attribute);
  if (request.enabled && now.enabled) return validation_error("TimeToLive is already enabled");
  if (now.changed != model::Stamp{} && stamp.micros < now.changed.micros + kIntervalMicros)
    return validation_error("Time to live has been modified multiple times within a fixed interval");
  return {};
}

}  // namespace

constinit const UpdateTimeToLive kUpdateTimeToLive;

const Shape& UpdateTimeToLive::input() const { return kInput; }

Result<std::shared_ptr<Request>> UpdateTimeToLive::read(const json::Value& body) const {
  auto request = std::make_shared<UpdateTimeToLiveRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  const auto specification = json::member(body, "TimeToLiveSpecification");
  STATOR_ASSERT(specification.has_value(), "a required member");
  request->enabled = read_boolean(*specification, "Enabled", false);
  request->attribute = *read_text(*specification, "AttributeName");
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation UpdateTimeToLive::evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const {
  const auto& update = static_cast<const UpdateTimeToLiveRequest&>(request);
  const model::Table* table = find_table(tables, request);
  if (table == nullptr) return table_not_found(request.table_name).error;
  if (auto done = check_changeable(*table); !done) return std::move(done).error();
  if (auto done = check_change(table->time_to_live, update, stamp); !done) return std::move(done).error();
  TableChange change{TableChange::Kind::kUpdate, *table};
  change.table.time_to_live = {update.attribute, update.enabled, stamp};
  Effects effects;
  effects.answer = TableAnswer{change.table, {}, {}};
  effects.tables.push_back(std::move(change));
  return effects;
}

void UpdateTimeToLive::write_answer(const Request& request, const Answer&, json::Writer& out) const {
  const auto& update = static_cast<const UpdateTimeToLiveRequest&>(request);
  out.begin_object().key("TimeToLiveSpecification").begin_object();
  out.key("Enabled").boolean(update.enabled).key("AttributeName").string(update.attribute);
  out.end_object().end_object();
}

}  // namespace stator::api
