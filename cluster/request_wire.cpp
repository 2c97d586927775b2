// Encoders and decoders of what routers of different nodes say to each other.
#include "cluster/request_wire.h"

#include <algorithm>
#include <cstring>

#include "cluster/body_codec.h"
#include "cluster/counts_codec.h"
#include "cluster/index_units_codec.h"
#include "cluster/node_record.h"
#include "model/item_codec.h"
#include "model/size.h"
#include "model/table_record.h"
#include "raft/membership.h"
#include "schemas/request.capnp.h"

namespace stator::cluster {
namespace {

capnp::Text::Reader text_of(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view_of_text(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

std::string item_bytes(const model::Item& item) {
  std::string out;
  model::append_item_payload(out, item);
  return out;
}

std::optional<model::Item> read_item(capnp::Data::Reader bytes) {
  model::Item item;
  if (!model::read_item_payload(view_of(bytes), item)) return std::nullopt;
  return item;
}

void write(schemas::Capacity::Builder out, const api::Capacity& capacity) {
  out.setReadUnits(capacity.read_units);
  out.setWriteUnits(capacity.write_units);
  if (!capacity.indexes.empty())
    write_index_units(out.initIndexes(static_cast<uint>(capacity.indexes.size())), capacity.indexes);
}
api::Capacity read(schemas::Capacity::Reader in) {
  return {in.getReadUnits(), in.getWriteUnits(), read_index_units(in.getIndexes())};
}

void write(schemas::Error::Builder out, const api::Error& error) {
  out.setCode(static_cast<uint16_t>(error.code));
  // A message may hold any bytes of the client's.
  auto text = out.initMessage(static_cast<uint>(error.message.size()));
  std::memcpy(text.begin(), error.message.data(), error.message.size());
  if (error.item) out.setItem(data_of(item_bytes(*error.item)));
  out.setRetryAfterMs(error.retry_after_ms);
}
api::Error read(schemas::Error::Reader in) {
  api::Error error;
  error.code = static_cast<api::ErrorCode>(in.getCode());
  error.message = view_of_text(in.getMessage());
  error.retry_after_ms = in.getRetryAfterMs();
  if (in.getItem().size() != 0) {
    if (auto item = read_item(in.getItem())) error.item = std::make_shared<const model::Item>(std::move(*item));
  }
  return error;
}

void write(schemas::ItemAnswer::Builder out, const api::ItemAnswer& answer) {
  write(out.initCapacity(), answer.capacity);
  if (answer.collection) {
    out.setCollectionKey(data_of(item_bytes(answer.collection->key)));
    out.setCollectionBytes(answer.collection->bytes);
  }
  if (!answer.item) return;
  out.setHasItem(true);
  out.setItem(data_of(item_bytes(*answer.item)));
}
std::optional<api::ItemAnswer> read(schemas::ItemAnswer::Reader in) {
  api::ItemAnswer answer;
  answer.capacity = read(in.getCapacity());
  if (in.getCollectionKey().size() != 0) {
    auto key = read_item(in.getCollectionKey());
    if (!key) return std::nullopt;
    answer.collection = std::make_shared<const api::ItemCollection>(
        api::ItemCollection{std::move(*key), in.getCollectionBytes()});
  }
  if (in.getHasItem()) {
    auto item = read_item(in.getItem());
    if (!item) return std::nullopt;
    answer.item = std::make_shared<const model::Item>(std::move(*item));
  }
  return answer;
}

void write(schemas::PageAnswer::Builder out, const api::PageAnswer& answer) {
  auto items = out.initItems(static_cast<uint>(answer.items.size()));
  for (uint i = 0; i < items.size(); ++i) items.set(i, data_of(item_bytes(answer.items[i])));
  out.setCount(answer.count);
  out.setScannedCount(answer.scanned_count);
  out.setBytesEvaluated(answer.bytes_evaluated);
  out.setLastKey(data_of(answer.last_key));
  out.setStopped(answer.stopped);
  if (answer.last_evaluated_key) {
    out.setHasLastEvaluatedKey(true);
    out.setLastEvaluatedKey(data_of(item_bytes(*answer.last_evaluated_key)));
  }
  write(out.initCapacity(), answer.capacity);
}
std::optional<api::PageAnswer> read(schemas::PageAnswer::Reader in) {
  api::PageAnswer answer;
  for (auto bytes : in.getItems()) {
    auto item = read_item(bytes);
    if (!item) return std::nullopt;
    answer.items.push_back(std::move(*item));
  }
  answer.count = in.getCount();
  answer.scanned_count = in.getScannedCount();
  answer.bytes_evaluated = in.getBytesEvaluated();
  answer.last_key = view_of(in.getLastKey());
  answer.stopped = in.getStopped();
  if (in.getHasLastEvaluatedKey()) {
    answer.last_evaluated_key = read_item(in.getLastEvaluatedKey());
    if (!answer.last_evaluated_key) return std::nullopt;
  }
  answer.capacity = read(in.getCapacity());
  return answer;
}

void write(schemas::TableAnswer::Builder out, const api::TableAnswer& answer) {
  out.setTable(data_of(model::encode_table_record(answer.table)));
  out.setItems(answer.counts.items);
  out.setBytes(answer.counts.bytes);
  if (!answer.index_counts.empty())
    write_counts(out.initIndexes(static_cast<unsigned>(answer.index_counts.size())), answer.index_counts);
}

std::optional<api::BatchAnswer> read(capnp::List<schemas::BatchPart>::Reader in) {
  api::BatchAnswer answer;
  for (auto part : in) {
    if (part.isError()) {
      answer.parts.emplace_back(read(part.getError()));
      continue;
    }
    auto item = read(part.getItem());
    if (!item) return std::nullopt;
    answer.parts.emplace_back(std::move(*item));
  }
  return answer;
}

size_t size_of(const api::Answer& answer) {
  if (const auto* item = std::get_if<api::ItemAnswer>(&answer))
    return item->item ? 2 * model::size_bytes(*item->item) + 256 : 0;
  if (const auto* page = std::get_if<api::PageAnswer>(&answer)) return 2 * page->bytes_evaluated + 1024;
  return 4096;
}

void write(schemas::Answered::Builder out, const api::Answer& answer) {
  if (const auto* item = std::get_if<api::ItemAnswer>(&answer)) {
    write(out.initItem(), *item);
  } else if (const auto* page = std::get_if<api::PageAnswer>(&answer)) {
    write(out.initPage(), *page);
  } else if (const auto* table = std::get_if<api::TableAnswer>(&answer)) {
    write(out.initTable(), *table);
  } else {
    const auto* batch = std::get_if<api::BatchAnswer>(&answer);
    STATOR_ASSERT(batch != nullptr, "lists of tables and static answers are given where they are asked for");
    auto parts = out.initBatch(static_cast<uint>(batch->parts.size()));
    for (uint i = 0; i < parts.size(); ++i) {
      if (const auto* error = std::get_if<api::Error>(&batch->parts[i])) {
        write(parts[i].initError(), *error);
      } else {
        write(parts[i].initItem(), std::get<api::ItemAnswer>(batch->parts[i]));
      }
    }
  }
}

}  // namespace

std::string encode_forward(const Forward& forward) {
  capnp::MallocMessageBuilder message(words_for(forward.body.size() + 512));
  auto out = message.initRoot<schemas::Forward>();
  out.setPartition(forward.partition.value);
  out.setOperation(text_of(forward.operation));
  out.setBody(data_of(forward.body));
  out.setRequestId({forward.request_id.data(), forward.request_id.size()});
  out.setRegion(text_of(forward.region));
  if (const auto* page = std::get_if<PagePart>(&forward.part)) {
    auto part = out.getPart().initPage();
    part.setFrom(data_of(page->range.from));
    part.setTo(data_of(page->range.to));
    part.setScannedCount(page->before.scanned_count);
    part.setBytesEvaluated(page->before.bytes_evaluated);
    part.setConsistent(page->consistent);
  } else if (const auto* batch = std::get_if<BatchParts>(&forward.part)) {
    auto parts = out.getPart().initBatch(static_cast<uint>(batch->parts.size()));
    for (uint i = 0; i < parts.size(); ++i) parts.set(i, batch->parts[i]);
  }
  return flatten(message);
}

model::Result<Forward, WireError> decode_forward(std::string_view body) {
  if (reinterpret_cast<uintptr_t>(body.data()) % alignof(capnp::word) != 0) return model::Failure(WireError{});
  return decode_body<Forward>(body, WireError{}, [](BodyReader& reader) -> model::Result<Forward, WireError> {
    auto in = reader.root<schemas::Forward>();
    Forward forward;
    forward.partition = model::PartitionId(in.getPartition());
    forward.operation = view_of_text(in.getOperation());
    forward.body = view_of(in.getBody());
    if (in.getRequestId().size() != forward.request_id.size()) return model::Failure(WireError{});
    std::memcpy(forward.request_id.data(), in.getRequestId().begin(), forward.request_id.size());
    forward.region = view_of_text(in.getRegion());
    auto part = in.getPart();
    if (part.isPage()) {
      auto page = part.getPage();
      forward.part = PagePart{{std::string(view_of(page.getFrom())), std::string(view_of(page.getTo()))},
                              {page.getScannedCount(), page.getBytesEvaluated()},
                              page.getConsistent()};
    } else if (part.isBatch()) {
      BatchParts batch;
      for (uint32_t index : part.getBatch()) batch.parts.push_back(index);
      forward.part = std::move(batch);
    }
    return forward;
  });
}

std::string encode_answer(const api::Result<api::Answer>& result, raft::Index applied) {
  capnp::MallocMessageBuilder message(words_for(result.ok() ? size_of(*result) : 256));
  auto out = message.initRoot<schemas::Answered>();
  out.setApplied(applied);
  if (result.ok()) {
    write(out, *result);
  } else {
    write(out.initError(), result.error());
  }
  return flatten(message);
}

namespace {

std::optional<api::Answer> read_answer(schemas::Answered::Reader in) {
  switch (in.which()) {
    case schemas::Answered::ERROR:
      break;  // the caller's
    case schemas::Answered::ITEM:
      if (auto item = read(in.getItem())) return api::Answer(std::move(*item));
      break;
    case schemas::Answered::PAGE:
      if (auto page = read(in.getPage())) return api::Answer(std::move(*page));
      break;
    case schemas::Answered::TABLE: {
      const auto answer = in.getTable();
      auto table = model::decode_table_record(view_of(answer.getTable()));
      if (!table.ok()) break;
      return api::Answer(api::TableAnswer{
          std::move(*table), {answer.getItems(), answer.getBytes()}, read_counts(answer.getIndexes())});
    }
    case schemas::Answered::BATCH:
      if (auto batch = read(in.getBatch())) return api::Answer(std::move(*batch));
      break;
  }
  return std::nullopt;
}

}  // namespace

ForwardAnswer decode_answer(std::string_view body) {
  auto decoded =
      decode_body<ForwardAnswer>(body, WireError{}, [](BodyReader& reader) -> model::Result<ForwardAnswer, WireError> {
        auto in = reader.root<schemas::Answered>();
        if (in.isError()) return ForwardAnswer{api::Failure(read(in.getError())), in.getApplied()};
        auto answer = read_answer(in);
        if (!answer) return model::Failure(WireError{});
        return ForwardAnswer{std::move(*answer), in.getApplied()};
      });
  if (!decoded.ok()) return {api::internal_error("A node's answer could not be read"), 0};
  return std::move(*decoded);
}

std::string encode_barrier(raft::Index index) {
  capnp::MallocMessageBuilder message(8);
  message.initRoot<schemas::Barrier>().setIndex(index);
  return flatten(message);
}

model::Result<raft::Index, WireError> decode_barrier(std::string_view body) {
  return decode_body<raft::Index>(body, WireError{},
                                  [](BodyReader& reader) -> model::Result<raft::Index, WireError> {
                                    return reader.root<schemas::Barrier>().getIndex();
                                  });
}

namespace {

std::vector<model::ReplicaId> read_replicas(capnp::List<uint64_t>::Reader in) {
  std::vector<model::ReplicaId> replicas;
  for (uint64_t id : in) replicas.emplace_back(id);
  return replicas;
}

}  // namespace

std::string encode_report(const Report& report) {
  capnp::MallocMessageBuilder message(words_for(report.partitions.size() * 96));
  auto out = message.initRoot<schemas::Report>();
  out.setComplete(report.complete);
  out.setClockAstray(report.clock_astray);
  auto reaches = out.initReaches(static_cast<uint>(report.reaches.size()));
  for (uint i = 0; i < reaches.size(); ++i) reaches.set(i, report.reaches[i].value);
  auto list = out.initPartitions(static_cast<uint>(report.partitions.size()));
  for (uint i = 0; i < list.size(); ++i) {
    const Report::Leadership& leadership = report.partitions[i];
    list[i].setPartition(leadership.partition.value);
    list[i].setTerm(leadership.term);
    list[i].setServing(leadership.serving);
    list[i].setItems(leadership.totals.items.items);
    list[i].setBytes(leadership.totals.items.bytes);
    list[i].setWhole(leadership.whole);
    auto voters = list[i].initVoters(static_cast<uint>(leadership.members.voters.size()));
    for (uint j = 0; j < voters.size(); ++j) voters.set(j, leadership.members.voters[j].value);
    auto learners = list[i].initLearners(static_cast<uint>(leadership.members.learners.size()));
    for (uint j = 0; j < learners.size(); ++j) learners.set(j, leadership.members.learners[j].value);
    const std::vector<model::IndexCounts>& indexes = leadership.totals.local_indexes;
    if (indexes.empty()) continue;
    auto counts = list[i].initLocalIndexes(static_cast<uint>(indexes.size()));
    for (uint at = 0; at < counts.size(); ++at) {
      counts[at].setNumber(indexes[at].number);
      counts[at].setItems(indexes[at].counts.items);
      counts[at].setBytes(indexes[at].counts.bytes);
    }
  }
  return flatten(message);
}

model::Result<Report, WireError> decode_report(std::string_view body) {
  return decode_body<Report>(body, WireError{}, [](BodyReader& reader) -> model::Result<Report, WireError> {
    auto in = reader.root<schemas::Report>();
    Report report;
    report.complete = in.getComplete();
    report.clock_astray = in.getClockAstray();
    if (in.getReaches().size() > kNodesMax) return model::Failure(WireError{});
    for (uint64_t node : in.getReaches()) report.reaches.emplace_back(node);
    for (auto entry : in.getPartitions()) {
      if (entry.getVoters().size() + entry.getLearners().size() > raft::kMembersMax) return model::Failure(WireError{});
      model::PartitionTotals totals{{entry.getItems(), entry.getBytes()}};
      for (auto index : entry.getLocalIndexes())
        model::add_counts(totals.local_indexes, index.getNumber(), static_cast<int64_t>(index.getItems()),
                          static_cast<int64_t>(index.getBytes()));
      report.partitions.push_back(
          {model::PartitionId(entry.getPartition()), entry.getTerm(), entry.getServing(), std::move(totals),
           {read_replicas(entry.getVoters()), read_replicas(entry.getLearners())}, entry.getWhole()});
    }
    return report;
  });
}

}  // namespace stator::cluster
