// DeleteTable. Pure.
#include "api/operations/delete_table.h"

#include <algorithm>

#include "api/operations/table_description.h"
#include "api/shapes/table_shapes.h"
#include "model/assert.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
};
constexpr Shape kInput = structure_of("DeleteTableInput", kMembers);

}  // namespace

constinit const DeleteTable kDeleteTable;

const Shape& DeleteTable::input() const { return kInput; }

Result<std::shared_ptr<Request>> DeleteTable::read(const json::Value& body) const {
  return read_table_request(body);
}

Evaluation DeleteTable::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  const model::Table* table = find_table(tables, request);
  if (table == nullptr) return table_not_found(request.table_name).error;
  if (auto done = check_changeable(*table); !done) return std::move(done).error();
  if (table->deletion_protection)
    return validation_error(
               "Resource cannot be deleted as it is currently protected against deletion. Disable deletion "
               "protection first.")
        .error;
  const auto active = [](const model::GlobalIndex& index) { return index.status == model::TableStatus::kActive; };
  if (!std::ranges::all_of(table->global_indexes, active))
    return resource_in_use(
               "Attempt to change a resource which is still in use: Cannot delete table while indexes are being created, "
               "updated, or deleted.")
        .error;
  TableChange change{TableChange::Kind::kDelete, *table};
  change.table.status = model::TableStatus::kDeleting;
  Effects effects;
  effects.answer = TableAnswer{change.table, tables.counts(*table), {}};
  effects.tables.push_back(std::move(change));
  return effects;
}

void DeleteTable::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const auto* table = std::get_if<TableAnswer>(&answer);
  STATOR_ASSERT(table != nullptr, "DeleteTable gives table answers");
  out.begin_object().key("TableDescription");
  write_table_description(request, *table, Detail::kDeleted, {}, out);
  out.end_object();
}

}  // namespace stator::api
