// ListTables. Pure.
#include "api/operations/list_tables.h"

#include "api/operations/common.h"
#include "api/shapes/table_shapes.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"ExclusiveStartTableName", &kTableName},
    {"Limit", &kListTablesInputLimit},
};
constexpr Shape kInput = structure_of("ListTablesInput", kMembers);

}  // namespace

constinit const ListTables kListTables;

const Shape& ListTables::input() const { return kInput; }

Result<std::shared_ptr<Request>> ListTables::read(const json::Value& body) const {
  auto request = std::make_shared<ListTablesRequest>();
  request->after = read_text(body, "ExclusiveStartTableName").value_or("");
  request->limit = static_cast<uint32_t>(read_integer(body, "Limit").value_or(model::kListTablesLimitMax));
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation ListTables::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  const auto& list = static_cast<const ListTablesRequest&>(request);
  TableListAnswer answer;
  tables.list(list.after, [&](const model::Table& table) {
    if (table.index_of) return true;  // no table of a client's
    answer.more = answer.names.size() == list.limit;
    if (!answer.more) answer.names.push_back(table.name);
    return !answer.more;
  });
  return Answer(std::move(answer));
}

void ListTables::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  const auto* list = std::get_if<TableListAnswer>(&answer);
  STATOR_ASSERT(list != nullptr, "ListTables gives a list of tables");
  out.begin_object().key("TableNames").begin_array();
  for (const std::string& name : list->names) out.string(name);
  out.end_array();
  if (list->more) out.key("LastEvaluatedTableName").string(list->names.back());
  out.end_object();
}

}  // namespace stator::api
