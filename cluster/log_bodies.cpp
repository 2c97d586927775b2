// The bodies of log entries: Cap'n Proto, one segment without a segment table; one encoder and one decoder a
// kind.
#include <cstring>

#include "cluster/body_codec.h"
#include "cluster/log_entry.h"
#include "model/size.h"
#include "model/table_record.h"
#include "schemas/log_entry.capnp.h"

namespace stator::cluster {
namespace {

template <class T, class F>
model::Result<T, LogEntryError> decode(std::string_view body, F&& read) {
  return decode_body<T>(body, LogEntryError::kMalformed, std::forward<F>(read));
}

std::optional<RequestId> read_request_id(capnp::Data::Reader bytes, bool& malformed) {
  if (bytes.size() == 0) return std::nullopt;
  RequestId id;
  if (bytes.size() != id.size()) return malformed = true, std::nullopt;
  std::memcpy(id.data(), bytes.begin(), id.size());
  return id;
}

capnp::Data::Reader request_id_data(const RequestId& id) { return {id.data(), id.size()}; }

std::string encode_outcome_item(const model::Item& item) {
  model::ItemRecordHeader header;
  header.item_bytes = static_cast<uint32_t>(model::size_bytes(item));
  return model::encode_item_record({}, header, item);
}

}  // namespace

std::string encode_write_body(const std::vector<WriteOperation>& operations) {
  size_t bytes = 0;
  for (const WriteOperation& operation : operations) {
    bytes += operation.key.size() + operation.record.size() + 128;
    if (operation.outcome && operation.outcome->item)
      bytes += 256 + 2 * model::size_bytes(*operation.outcome->item);
  }
  capnp::MallocMessageBuilder message(words_for(bytes));
  auto list = message.initRoot<schemas::WriteBody>().initOperations(static_cast<uint>(operations.size()));
  for (uint i = 0; i < list.size(); ++i) {
    const WriteOperation& operation = operations[i];
    auto out = list[i];
    out.setKey(data_of(operation.key));
    if (!operation.record.empty()) out.setRecord(data_of(operation.record));
    out.setCountDelta(operation.count_delta);
    out.setBytesDelta(operation.bytes_delta);
    if (!operation.request_id) continue;
    STATOR_ASSERT(operation.outcome.has_value(), "a remembered request has an outcome");
    out.setRequestId(request_id_data(*operation.request_id));
    auto outcome = out.initOutcome();
    outcome.setReadUnits(operation.outcome->capacity.read_units);
    outcome.setWriteUnits(operation.outcome->capacity.write_units);
    if (operation.outcome->item) {
      outcome.setHasItem(true);
      outcome.setItem(data_of(encode_outcome_item(*operation.outcome->item)));
    }
  }
  return flatten(message);
}

model::Result<std::vector<WriteOperationView>, LogEntryError> decode_write_body(std::string_view body) {
  using Operations = std::vector<WriteOperationView>;
  // The views outlive the reader, so they must point into `body` itself, which a misaligned body would not
  // allow.
  STATOR_ASSERT(body.empty() || reinterpret_cast<uintptr_t>(body.data()) % alignof(capnp::word) == 0,
                "entries are whole heap strings");
  return decode<Operations>(body, [](BodyReader& reader) -> model::Result<Operations, LogEntryError> {
    auto list = reader.root<schemas::WriteBody>().getOperations();
    Operations operations;
    operations.reserve(list.size());
    for (auto in : list) {
      WriteOperationView operation;
      operation.key = view_of(in.getKey());
      operation.record = view_of(in.getRecord());
      operation.count_delta = in.getCountDelta();
      operation.bytes_delta = in.getBytesDelta();
      bool malformed = operation.key.size() < model::kHashSize;
      operation.request_id = read_request_id(in.getRequestId(), malformed);
      if (malformed) return model::Failure(LogEntryError::kMalformed);
      if (operation.request_id) {
        auto outcome = in.getOutcome();
        api::ItemAnswer answer;
        answer.capacity = {outcome.getReadUnits(), outcome.getWriteUnits()};
        if (outcome.getHasItem()) {
          auto item = model::decode_item_record({}, view_of(outcome.getItem()));
          if (!item.ok()) return model::Failure(LogEntryError::kMalformed);
          answer.item = std::make_shared<model::Item>(std::move(item->item));
        }
        operation.outcome = std::move(answer);
      }
      operations.push_back(std::move(operation));
    }
    return operations;
  });
}

std::string encode_schema_body(const model::Table& table) {
  std::string record = model::encode_table_record(table);
  capnp::MallocMessageBuilder message(words_for(record.size()));
  message.initRoot<schemas::SchemaBody>().setTable(data_of(record));
  return flatten(message);
}

model::Result<model::Table, LogEntryError> decode_schema_body(std::string_view body) {
  return decode<model::Table>(body, [](BodyReader& reader) -> model::Result<model::Table, LogEntryError> {
    auto table = model::decode_table_record(view_of(reader.root<schemas::SchemaBody>().getTable()));
    if (!table.ok()) return model::Failure(LogEntryError::kMalformed);
    return std::move(*table);
  });
}

void write_partition(schemas::Partition::Builder out, const Partition& partition) {
  out.setId(partition.id.value);
  out.setTable(partition.table.value);
  out.setFrom(data_of(partition.range.from));
  out.setTo(data_of(partition.range.to));
  out.setRangeEpoch(partition.range_epoch);
  out.setFirstLeader(partition.first_leader.value);
  auto replicas = out.initReplicas(static_cast<uint>(partition.replicas.size()));
  for (uint i = 0; i < replicas.size(); ++i) {
    replicas[i].setId(partition.replicas[i].id.value);
    replicas[i].setNode(partition.replicas[i].node.value);
    replicas[i].setStore(partition.replicas[i].store);
    replicas[i].setLearner(partition.replicas[i].learner);
  }
}

Partition read_partition(schemas::Partition::Reader in) {
  Partition partition;
  partition.id = model::PartitionId(in.getId());
  partition.table = model::TableId(in.getTable());
  partition.range = {std::string(view_of(in.getFrom())), std::string(view_of(in.getTo()))};
  partition.range_epoch = in.getRangeEpoch();
  partition.first_leader = model::ReplicaId(in.getFirstLeader());
  for (auto replica : in.getReplicas()) {
    partition.replicas.push_back({model::ReplicaId(replica.getId()), model::NodeId(replica.getNode()),
                                  replica.getStore(), replica.getLearner()});
  }
  return partition;
}

std::string encode_partition(const Partition& partition) {
  capnp::MallocMessageBuilder message;
  write_partition(message.initRoot<schemas::Partition>(), partition);
  return flatten(message);
}

model::Result<Partition, LogEntryError> decode_partition(std::string_view bytes) {
  return decode<Partition>(bytes, [](BodyReader& reader) -> model::Result<Partition, LogEntryError> {
    return read_partition(reader.root<schemas::Partition>());
  });
}

std::string encode_allocated(const Allocated& allocated) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schemas::Allocated>();
  out.setTable(allocated.table);
  out.setPartition(allocated.partition);
  out.setReplica(allocated.replica);
  return flatten(message);
}

model::Result<Allocated, LogEntryError> decode_allocated(std::string_view bytes) {
  return decode<Allocated>(bytes, [](BodyReader& reader) -> model::Result<Allocated, LogEntryError> {
    auto in = reader.root<schemas::Allocated>();
    return Allocated{in.getTable(), in.getPartition(), in.getReplica()};
  });
}

std::string encode_metadata_body(const MetadataBody& body) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schemas::MetadataBody>();
  if (body.request_id) {
    STATOR_ASSERT(body.outcome.has_value(), "a remembered request has an outcome");
    root.setRequestId(request_id_data(*body.request_id));
    auto outcome = root.initOutcome();
    outcome.setTable(data_of(model::encode_table_record(body.outcome->table)));
    outcome.setItems(body.outcome->counts.items);
    outcome.setBytes(body.outcome->counts.bytes);
  }
  auto list = root.initChanges(static_cast<uint>(body.changes.size()));
  for (uint i = 0; i < list.size(); ++i) {
    const MetadataChange& change = body.changes[i];
    switch (change.kind) {
      case MetadataChange::Kind::kPutTable:
        list[i].setPutTable(data_of(model::encode_table_record(change.table)));
        break;
      case MetadataChange::Kind::kDeleteTable:
        list[i].setDeleteTable(change.table.id.value);
        break;
      case MetadataChange::Kind::kPutPartition:
        write_partition(list[i].initPutPartition(), change.partition);
        break;
      case MetadataChange::Kind::kDeletePartition:
        list[i].setDeletePartition(change.partition.id.value);
        break;
      case MetadataChange::Kind::kAllocated: {
        auto out = list[i].initAllocated();
        out.setTable(change.allocated.table);
        out.setPartition(change.allocated.partition);
        out.setReplica(change.allocated.replica);
        break;
      }
    }
  }
  return flatten(message);
}

namespace {

model::Result<MetadataChange, LogEntryError> read_change(schemas::MetadataBody::Change::Reader in) {
  MetadataChange change;
  switch (in.which()) {
    case schemas::MetadataBody::Change::PUT_TABLE: {
      auto table = model::decode_table_record(view_of(in.getPutTable()));
      if (!table.ok()) return model::Failure(LogEntryError::kMalformed);
      change.kind = MetadataChange::Kind::kPutTable;
      change.table = std::move(*table);
      return change;
    }
    case schemas::MetadataBody::Change::DELETE_TABLE:
      change.kind = MetadataChange::Kind::kDeleteTable;
      change.table.id = model::TableId(in.getDeleteTable());
      return change;
    case schemas::MetadataBody::Change::PUT_PARTITION:
      change.kind = MetadataChange::Kind::kPutPartition;
      change.partition = read_partition(in.getPutPartition());
      return change;
    case schemas::MetadataBody::Change::DELETE_PARTITION:
      change.kind = MetadataChange::Kind::kDeletePartition;
      change.partition.id = model::PartitionId(in.getDeletePartition());
      return change;
    case schemas::MetadataBody::Change::ALLOCATED: {
      auto allocated = in.getAllocated();
      change.kind = MetadataChange::Kind::kAllocated;
      change.allocated = {allocated.getTable(), allocated.getPartition(), allocated.getReplica()};
      return change;
    }
  }
  return model::Failure(LogEntryError::kMalformed);  // a newer writer's change
}

}  // namespace

model::Result<MetadataBody, LogEntryError> decode_metadata_body(std::string_view body) {
  return decode<MetadataBody>(body, [](BodyReader& reader) -> model::Result<MetadataBody, LogEntryError> {
    auto root = reader.root<schemas::MetadataBody>();
    MetadataBody result;
    bool malformed = false;
    result.request_id = read_request_id(root.getRequestId(), malformed);
    if (malformed) return model::Failure(LogEntryError::kMalformed);
    if (result.request_id) {
      auto outcome = root.getOutcome();
      auto table = model::decode_table_record(view_of(outcome.getTable()));
      if (!table.ok()) return model::Failure(LogEntryError::kMalformed);
      result.outcome = api::TableAnswer{std::move(*table), {outcome.getItems(), outcome.getBytes()}};
    }
    for (auto in : root.getChanges()) {
      auto change = read_change(in);
      if (!change.ok()) return model::Failure(change.error());
      result.changes.push_back(std::move(*change));
    }
    return result;
  });
}

}  // namespace stator::cluster
