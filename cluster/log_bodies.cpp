// The bodies of log entries: Cap'n Proto, one segment without a segment table; one encoder and one decoder a
// kind.
#include <cstring>

#include "cluster/body_codec.h"
#include "cluster/log_entry.h"
#include "cluster/outcome_codec.h"
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

std::string_view text_of(const Incarnation& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
// False: not so many bytes.
bool read_bytes(std::string_view from, Incarnation& to) {
  if (from.size() != to.size()) return false;
  std::memcpy(to.data(), from.data(), to.size());
  return true;
}

}  // namespace

std::string encode_write_body(const std::vector<WriteOperation>& operations,
                              const std::vector<model::RowWrite>& rows) {
  size_t bytes = 0;
  for (const WriteOperation& operation : operations) {
    bytes += operation.key.size() + operation.record.size() + 128;
    if (operation.outcome && operation.outcome->item)
      bytes += 256 + 2 * model::size_bytes(*operation.outcome->item);
  }
  for (const model::RowWrite& row : rows) bytes += row.key.size() + (row.value ? row.value->size() : 0) + 48;
  capnp::MallocMessageBuilder message(words_for(bytes));
  auto body = message.initRoot<schemas::WriteBody>();
  auto list = body.initOperations(static_cast<uint>(operations.size()));
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
    write_outcome(out.initOutcome(), *operation.outcome);
  }
  if (rows.empty()) return flatten(message);
  auto row_list = body.initRows(static_cast<uint>(rows.size()));
  for (uint i = 0; i < row_list.size(); ++i) {
    row_list[i].setKind(static_cast<uint8_t>(rows[i].kind));
    row_list[i].setKey(data_of(rows[i].key));
    if (rows[i].value) {
      row_list[i].setValue(data_of(*rows[i].value));
    } else {
      row_list[i].setDeleted(true);
    }
    row_list[i].setCountDelta(rows[i].count_delta);
    row_list[i].setBytesDelta(rows[i].bytes_delta);
  }
  return flatten(message);
}

namespace {

// What a write may change beside items; nothing else is written by a client's request.
bool is_secondary(uint8_t kind) {
  switch (static_cast<model::RowKind>(kind)) {
    case model::RowKind::kLocalIndex:
    case model::RowKind::kCollectionSize:
    case model::RowKind::kDirty:
    case model::RowKind::kTtl:
    case model::RowKind::kBuild:
      return true;
    default:
      return false;
  }
}

bool read_operations(capnp::List<schemas::Operation>::Reader list, std::vector<WriteOperationView>& operations) {
  operations.reserve(list.size());
  for (auto in : list) {
    WriteOperationView operation;
    operation.key = view_of(in.getKey());
    operation.record = view_of(in.getRecord());
    operation.count_delta = in.getCountDelta();
    operation.bytes_delta = in.getBytesDelta();
    bool malformed = operation.key.size() < model::kHashSize;
    operation.request_id = read_request_id(in.getRequestId(), malformed);
    if (malformed) return false;
    if (operation.request_id) {
      operation.outcome = read_outcome(in.getOutcome());
      if (!operation.outcome) return false;
    }
    operations.push_back(std::move(operation));
  }
  return true;
}

}  // namespace

model::Result<WriteBodyView, LogEntryError> decode_write_body(std::string_view body) {
  // The views outlive the reader, so they must point into `body` itself, which a misaligned body would not
  // allow.
  STATOR_ASSERT(body.empty() || reinterpret_cast<uintptr_t>(body.data()) % alignof(capnp::word) == 0,
                "entries are whole heap strings");
  return decode<WriteBodyView>(body, [](BodyReader& reader) -> model::Result<WriteBodyView, LogEntryError> {
    auto root = reader.root<schemas::WriteBody>();
    WriteBodyView view;
    if (!read_operations(root.getOperations(), view.operations)) return model::Failure(LogEntryError::kMalformed);
    auto rows = root.getRows();
    view.rows.reserve(rows.size());
    for (auto in : rows) {
      if (!is_secondary(in.getKind())) return model::Failure(LogEntryError::kMalformed);
      model::RowWrite row{static_cast<model::RowKind>(in.getKind()), std::string(view_of(in.getKey())), std::nullopt};
      if (!in.getDeleted()) row.value = std::string(view_of(in.getValue()));
      row.count_delta = in.getCountDelta();
      row.bytes_delta = in.getBytesDelta();
      view.rows.push_back(std::move(row));
    }
    return view;
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
    replicas[i].setLate(partition.replicas[i].late);
    replicas[i].setLeaving(partition.replicas[i].leaving);
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
                                  replica.getStore(), replica.getLearner(), replica.getLate(),
                                  replica.getLeaving()});
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

void write_allocated(schemas::Allocated::Builder out, const Allocated& allocated) {
  out.setTable(allocated.table);
  out.setPartition(allocated.partition);
  out.setReplica(allocated.replica);
  out.setMetadataReplica(allocated.metadata_replica);
  out.setNode(allocated.node);
}

Allocated read_allocated(schemas::Allocated::Reader in) {
  return {in.getTable(), in.getPartition(), in.getReplica(), in.getMetadataReplica(), in.getNode()};
}

std::string encode_allocated(const Allocated& allocated) {
  capnp::MallocMessageBuilder message;
  write_allocated(message.initRoot<schemas::Allocated>(), allocated);
  return flatten(message);
}

model::Result<Allocated, LogEntryError> decode_allocated(std::string_view bytes) {
  return decode<Allocated>(bytes, [](BodyReader& reader) -> model::Result<Allocated, LogEntryError> {
    return read_allocated(reader.root<schemas::Allocated>());
  });
}

void write_node(schemas::Node::Builder out, const NodeRecord& node) {
  out.setId(node.id.value);
  out.setIncarnation(data_of(text_of(node.incarnation)));
  out.setMetadataReplica(node.metadata_replica.value);
  out.setMetadataLate(node.metadata_late);
  out.setZone(data_of(node.zone));
  out.setLinkAddress(data_of(node.link_address));
  out.setClientAddress(data_of(node.client_address));
  out.setAdminAddress(data_of(node.admin_address));
  out.setVersion(data_of(node.version));
  out.setFormatsMin(node.formats_min);
  out.setFormatsMax(node.formats_max);
  std::string retired;
  for (const Incarnation& incarnation : node.retired) retired += text_of(incarnation);
  out.setRetired(data_of(retired));
  out.setPhase(static_cast<uint8_t>(node.phase));
}

model::Result<NodeRecord, LogEntryError> read_node(schemas::Node::Reader in) {
  NodeRecord node;
  node.id = model::NodeId(in.getId());
  node.metadata_replica = model::ReplicaId(in.getMetadataReplica());
  node.metadata_late = in.getMetadataLate();
  node.zone = view_of(in.getZone());
  node.link_address = view_of(in.getLinkAddress());
  node.client_address = view_of(in.getClientAddress());
  node.admin_address = view_of(in.getAdminAddress());
  node.version = view_of(in.getVersion());
  node.formats_min = in.getFormatsMin();
  node.formats_max = in.getFormatsMax();
  std::string_view retired = view_of(in.getRetired());
  if (!read_bytes(view_of(in.getIncarnation()), node.incarnation) ||
      retired.size() > kRetiredIncarnationsMax * sizeof(Incarnation)) {
    return model::Failure(LogEntryError::kMalformed);
  }
  if (in.getPhase() > static_cast<uint8_t>(NodePhase::kAway)) return model::Failure(LogEntryError::kMalformed);
  node.phase = static_cast<NodePhase>(in.getPhase());
  for (; !retired.empty(); retired.remove_prefix(sizeof(Incarnation))) {
    if (!read_bytes(retired.substr(0, sizeof(Incarnation)), node.retired.emplace_back()))
      return model::Failure(LogEntryError::kMalformed);
  }
  return node;
}

std::string encode_node(const NodeRecord& node) {
  capnp::MallocMessageBuilder message;
  write_node(message.initRoot<schemas::Node>(), node);
  return flatten(message);
}

model::Result<NodeRecord, LogEntryError> decode_node(std::string_view bytes) {
  return decode<NodeRecord>(bytes,
                            [](BodyReader& reader) { return read_node(reader.root<schemas::Node>()); });
}

void write_cluster(schemas::Cluster::Builder out, const ClusterRecord& cluster) {
  out.setId(data_of(text_of(cluster.id)));
  out.setActiveVersion(cluster.active_version);
}

model::Result<ClusterRecord, LogEntryError> read_cluster(schemas::Cluster::Reader in) {
  ClusterRecord cluster;
  cluster.active_version = in.getActiveVersion();
  if (!read_bytes(view_of(in.getId()), cluster.id)) return model::Failure(LogEntryError::kMalformed);
  return cluster;
}

std::string encode_cluster(const ClusterRecord& cluster) {
  capnp::MallocMessageBuilder message;
  write_cluster(message.initRoot<schemas::Cluster>(), cluster);
  return flatten(message);
}

model::Result<ClusterRecord, LogEntryError> decode_cluster(std::string_view bytes) {
  return decode<ClusterRecord>(
      bytes, [](BodyReader& reader) { return read_cluster(reader.root<schemas::Cluster>()); });
}

std::string encode_metadata_body(const MetadataBody& body) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schemas::MetadataBody>();
  if (body.request_id) {
    STATOR_ASSERT(body.outcome.has_value(), "a remembered request has an outcome");
    root.setRequestId(request_id_data(*body.request_id));
    write_outcome(root.initOutcome(), *body.outcome);
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
      case MetadataChange::Kind::kAllocated:
        write_allocated(list[i].initAllocated(), change.allocated);
        break;
      case MetadataChange::Kind::kPutNode:
        write_node(list[i].initPutNode(), change.node);
        break;
      case MetadataChange::Kind::kDeleteNode:
        list[i].setDeleteNode(change.node.id.value);
        break;
      case MetadataChange::Kind::kPutCluster:
        write_cluster(list[i].initPutCluster(), change.cluster);
        break;
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
    case schemas::MetadataBody::Change::ALLOCATED:
      change.kind = MetadataChange::Kind::kAllocated;
      change.allocated = read_allocated(in.getAllocated());
      return change;
    case schemas::MetadataBody::Change::PUT_NODE: {
      auto node = read_node(in.getPutNode());
      if (!node.ok()) return model::Failure(node.error());
      change.kind = MetadataChange::Kind::kPutNode;
      change.node = std::move(*node);
      return change;
    }
    case schemas::MetadataBody::Change::DELETE_NODE:
      change.kind = MetadataChange::Kind::kDeleteNode;
      change.node.id = model::NodeId(in.getDeleteNode());
      return change;
    case schemas::MetadataBody::Change::PUT_CLUSTER: {
      auto cluster = read_cluster(in.getPutCluster());
      if (!cluster.ok()) return model::Failure(cluster.error());
      change.kind = MetadataChange::Kind::kPutCluster;
      change.cluster = *cluster;
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
      result.outcome = read_outcome(root.getOutcome());
      if (!result.outcome) return model::Failure(LogEntryError::kMalformed);
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
