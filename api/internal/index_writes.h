// IndexWrites: what the leader of a table's partition asks of the partitions that hold the table's global indexes: entries
// put, and entries gone, each with the version of the item that it shows (docs/architecture.md, protocol 19). An entry is
// taken where its version is newer than what is there, so that a repeat, or one that was overtaken, changes nothing.
//
// Not an operation of the API: clients cannot call it (registry.h does not have it). It goes the way of a batch, between
// nodes too, and one part's failure leaves the others done. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/answer.h"
#include "api/operation.h"

namespace stator::api {

// An entry that was sent longer ago is refused, and sent again: it may be older than what a tombstone remembers.
inline constexpr uint64_t kIndexWriteMicrosMax = 300'000'000;

// One entry. Its request's table is the one that holds the index.
struct IndexWriteRequest : Request {
  std::string key;  // model::index_key
  model::ItemVersion version;
  std::shared_ptr<const model::Item> item;  // null: the entry is gone
  uint32_t size_bytes = 0;
  model::Stamp sent;
};

class IndexWrite final : public ItemOperation {
 public:
  std::string_view name() const override { return "IndexWrite"; }
  const Shape& input() const override;
  bool writes() const override { return true; }
  bool consistent(const Request&) const override { return true; }
  Result<std::string> key(const model::Table& table, const Request& request) const override;
  Evaluation evaluate(const model::Table& table, const ItemView& items, const Request& request,
                      model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};
extern const IndexWrite kIndexWrite;

struct IndexWritesRequest : Request {
  std::vector<RequestPtr> parts;  // IndexWriteRequests
};

class IndexWrites final : public BatchOperation {
 public:
  std::string_view name() const override { return "IndexWrites"; }
  const Shape& input() const override;
  const std::vector<RequestPtr>& parts(const Request& request) const override;
  Result<void> check_keys(const Request& request, const std::vector<std::string>& keys,
                          const std::vector<model::TableId>& tables) const override;
  // Each part's answer or error, as it is.
  Result<Answer> combine(const Request& request, BatchAnswer parts) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

  // The body by which another node reads the same request.
  static std::string body(const IndexWritesRequest& request);

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};
extern const IndexWrites kIndexWrites;

}  // namespace stator::api
