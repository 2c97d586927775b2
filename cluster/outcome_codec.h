// How the outcome of a request is kept for its retry: in the log entry that answered it (log_bodies.cpp) and
// in the rows that go with a snapshot (request_rows.cpp). Pure; any thread.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "api/answer.h"
#include "cluster/body_codec.h"
#include "cluster/counts_codec.h"
#include "cluster/index_units_codec.h"
#include "model/item_codec.h"
#include "model/item_record.h"
#include "model/size.h"
#include "model/table_record.h"
#include "schemas/log_entry.capnp.h"

namespace stator::cluster {

inline void write_details(schemas::Outcome::Details::Builder out, const api::ItemAnswer& answer) {
  const auto& indexes = answer.capacity.indexes;
  if (!indexes.empty()) write_index_units(out.initIndexes(static_cast<unsigned>(indexes.size())), indexes);
  if (!answer.collection) return;
  std::string key;
  model::append_item_payload(key, answer.collection->key);
  out.setCollectionKey(data_of(key));
  out.setCollectionBytes(answer.collection->bytes);
}

inline bool read_details(schemas::Outcome::Details::Reader in, api::ItemAnswer& answer) {
  answer.capacity.indexes = read_index_units(in.getIndexes());
  if (in.getCollectionKey().size() == 0) return true;
  model::Item key;
  if (!model::read_item_payload(view_of(in.getCollectionKey()), key)) return false;
  answer.collection =
      std::make_shared<const api::ItemCollection>(api::ItemCollection{std::move(key), in.getCollectionBytes()});
  return true;
}

inline void write_outcome(schemas::Outcome::Builder out, const api::ItemAnswer& answer) {
  out.setReadUnits(answer.capacity.read_units);
  out.setWriteUnits(answer.capacity.write_units);
  if (!answer.capacity.indexes.empty() || answer.collection) write_details(out.initDetails(), answer);
  if (!answer.item) return;
  model::ItemRecordHeader header;
  header.item_bytes = static_cast<uint32_t>(model::size_bytes(*answer.item));
  out.setHasItem(true);
  out.setItem(data_of(model::encode_item_record({}, header, *answer.item)));
}

inline std::optional<api::ItemAnswer> read_outcome(schemas::Outcome::Reader in) {
  api::ItemAnswer answer;
  answer.capacity.read_units = in.getReadUnits();
  answer.capacity.write_units = in.getWriteUnits();
  if (in.hasDetails() && !read_details(in.getDetails(), answer)) return std::nullopt;
  if (in.getHasItem()) {
    auto item = model::decode_item_record({}, view_of(in.getItem()));
    if (!item.ok()) return std::nullopt;
    answer.item = std::make_shared<model::Item>(std::move(item->item));
  }
  return answer;
}

inline void write_outcome(schemas::TableOutcome::Builder out, const api::TableAnswer& answer) {
  out.setTable(data_of(model::encode_table_record(answer.table)));
  out.setItems(answer.counts.items);
  out.setBytes(answer.counts.bytes);
  if (!answer.index_counts.empty())
    write_counts(out.initIndexes(static_cast<unsigned>(answer.index_counts.size())), answer.index_counts);
}

inline std::optional<api::TableAnswer> read_outcome(schemas::TableOutcome::Reader in) {
  auto table = model::decode_table_record(view_of(in.getTable()));
  if (!table.ok()) return std::nullopt;
  return api::TableAnswer{std::move(*table), {in.getItems(), in.getBytes()}, read_counts(in.getIndexes())};
}

}  // namespace stator::cluster
