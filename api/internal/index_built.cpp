// Partitions that have been read for a new index.
#include "api/internal/index_built.h"

#include <algorithm>

#include "api/operations/common.h"
#include "api/shapes/shape.h"
#include "model/assert.h"

namespace stator::api {
namespace {

constexpr Shape kText = string_of("Text");
constexpr Shape kNumber = long_of("Number");
constexpr Member kMembers[] = {
    {"Table", &kText, kRequired},
    {"Id", &kNumber, kRequired},
    {"Index", &kNumber, kRequired},
    {"Partition", &kNumber, kRequired},
};
constexpr Shape kInput = structure_of("IndexBuiltInput", kMembers);

struct IndexBuiltRequest : Request {
  model::TableId table;
  uint16_t index = 0;  // its number
  model::PartitionId partition;
};

const IndexBuiltRequest& typed(const Request& request) {
  return static_cast<const IndexBuiltRequest&>(request);
}

}  // namespace

constinit const IndexBuilt kIndexBuilt;

const Shape& IndexBuilt::input() const { return kInput; }

std::shared_ptr<Request> IndexBuilt::request(const model::Table& table, uint16_t index, model::PartitionId partition) {
  auto request = std::make_shared<IndexBuiltRequest>();
  request->operation = &kIndexBuilt;
  request->table_name = request->table_given = table.name;
  request->table = table.id;
  request->index = index;
  request->partition = partition;
  return request;
}

std::string IndexBuilt::body(const Request& request) {
  const IndexBuiltRequest& built = typed(request);
  std::string text;
  json::Writer out(text);
  out.begin_object().key("Table").string(built.table_name);
  out.key("Id").integer(static_cast<int64_t>(built.table.value)).key("Index").integer(built.index);
  out.key("Partition").integer(static_cast<int64_t>(built.partition.value)).end_object();
  return text;
}

Result<std::shared_ptr<Request>> IndexBuilt::read(const json::Value& body) const {
  auto request = std::make_shared<IndexBuiltRequest>();
  request->table_name = request->table_given = *read_text(body, "Table");
  request->table = model::TableId(static_cast<uint64_t>(*read_integer(body, "Id")));
  request->index = static_cast<uint16_t>(*read_integer(body, "Index"));
  request->partition = model::PartitionId(static_cast<uint64_t>(*read_integer(body, "Partition")));
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation IndexBuilt::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  const IndexBuiltRequest& built = typed(request);
  const model::Table* table = tables.find(built.table_name);
  if (table == nullptr || table->id != built.table) return Answer(TableAnswer{});
  TableChange change{TableChange::Kind::kUpdate, *table};
  const auto index = std::ranges::find(change.table.global_indexes, built.index, &model::GlobalIndex::number);
  if (index == change.table.global_indexes.end() || !index->backfilling ||
      std::ranges::find(index->built, built.partition) != index->built.end()) {
    return Answer(TableAnswer{*table, {}});
  }
  index->built.push_back(built.partition);
  Effects effects;
  effects.answer = TableAnswer{*table, {}};
  effects.tables.push_back(std::move(change));
  return effects;
}

void IndexBuilt::write_answer(const Request&, const Answer&, json::Writer&) const {
  STATOR_ASSERT(false, "no client hears of it");
}

}  // namespace stator::api
