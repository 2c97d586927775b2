// PartitionCall: what is asked of one partition's leader (or of a replica that is fresh enough): an item operation, the
// part of a page that lies there, parts of a batch, or an operation on tables for group 0. A plain value; any thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/operation.h"
#include "cluster/request_wire.h"
#include "model/table.h"
#include "net/dispatcher.h"

namespace stator::actors {

struct PartitionCall {
  model::PartitionId partition;  // 0: group 0
  api::RequestPtr request;
  std::variant<cluster::WholeRequest, cluster::PagePart, cluster::BatchParts> part;
  std::vector<std::string> keys;              // of the item operation, or of the batch's parts
  std::shared_ptr<const model::Table> table;  // null for group 0
  cluster::RequestId id{};
  bool remember = false;  // the same id may come again: it is applied once
  std::chrono::steady_clock::time_point deadline;
  std::shared_ptr<const std::string> body;  // the client's; for forwarding

  const api::Operation& operation() const { return *request->operation; }
  const cluster::BatchParts& batch() const { return std::get<cluster::BatchParts>(part); }
  const api::RequestPtr& batch_part(size_t i) const {
    return static_cast<const api::BatchOperation&>(operation()).parts(*request)[batch().parts[i]];
  }
  std::optional<cluster::RequestId> remembered_id(size_t part_index) const {
    if (!remember) return std::nullopt;
    cluster::RequestId part_id = id;
    // The parts of a batch are requests of their own.
    for (size_t i = 0; i < sizeof part_index; ++i) part_id[8 + i] ^= static_cast<uint8_t>(part_index >> (8 * i));
    return part_id;
  }

  bool writes() const;
  bool consistent() const;
  // Roughly what it holds.
  size_t bytes() const { return 512 + (body ? body->size() : 0); }
};

inline bool writes(const api::Request& request) {
  return static_cast<const api::ItemOperation&>(*request.operation).writes();
}

inline bool PartitionCall::writes() const {
  switch (operation().owner()) {
    case api::Owner::kItem:
      return actors::writes(*request);
    case api::Owner::kBatch:
      return actors::writes(*batch_part(0));
    case api::Owner::kTables:
      return true;
    case api::Owner::kPage:
    case api::Owner::kStatic:
      break;
  }
  return false;
}

// Reads only: whether the leader must confirm that it still leads.
inline bool PartitionCall::consistent() const {
  auto of = [](const api::Request& item) {
    return static_cast<const api::ItemOperation&>(*item.operation).consistent(item);
  };
  switch (operation().owner()) {
    case api::Owner::kItem:
      return of(*request);
    case api::Owner::kBatch:
      for (size_t i = 0; i < batch().parts.size(); ++i) {
        if (of(*batch_part(i))) return true;
      }
      return false;
    case api::Owner::kPage:
      return static_cast<const api::PageOperation&>(operation()).consistent(*request);
    case api::Owner::kTables:
    case api::Owner::kStatic:
      break;
  }
  return true;
}

}  // namespace stator::actors
