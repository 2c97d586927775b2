// Operation: one of DynamoDB's operations, as a stateless object: JSON to a typed request, the request
// evaluated against a view, the answer to JSON. Everything that can be refused without the table is refused
// by parse(), in the service's order; evaluate() is const and deterministic, since it may run again. Metrics,
// authorization, deadlines and logs live once, in the dispatcher (net/gateway.h). Pure; any thread.
//
//   kStatic   answered from the request alone               StaticOperation   (DescribeLimits,
//   DescribeEndpoints) kTables   evaluated by group 0's leader                 TableOperation (CreateTable,
//   ListTables, ...) kItem     evaluated by the leader of the key's partition ItemOperation    (PutItem,
//   GetItem, ...) kPage     evaluated partition by partition, in order     PageOperation    (Query, Scan)
//   kBatch    taken apart into item operations, then merged  BatchOperation   (BatchGetItem, BatchWriteItem)
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/answer.h"
#include "api/error.h"
#include "api/json.h"
#include "api/shapes/shape.h"
#include "api/view.h"
#include "model/ids.h"
#include "model/key.h"
#include "model/table.h"

namespace stator::api {

class Operation;

// What the gateway knows of a request besides its body, and answers repeat.
struct RequestContext {
  std::string_view region = "us-east-1";  // of the signature's scope: in ARNs
  std::string_view host =
      "localhost:8000";  // the Host header: DescribeEndpoints sends clients back to where they are
};

// What parse() made. Immutable once parsed; shared between the HTTP thread, the router and the replica.
struct Request {
  virtual ~Request() = default;
  const Operation* operation = nullptr;
  std::string table_name;   // without the ARN around it; empty where the operation names no single table
  std::string table_given;  // as the client wrote it (a name or an ARN): echoed in ConsumedCapacity
  std::string region;       // RequestContext's
  std::string host;
};
using RequestPtr = std::shared_ptr<const Request>;

enum class Owner : uint8_t { kStatic, kTables, kItem, kPage, kBatch };

class Operation {
 public:
  virtual ~Operation() = default;
  virtual std::string_view name() const = 0;  // "PutItem"
  virtual Owner owner() const = 0;
  // The members that its body may have.
  virtual const Shape& input() const = 0;
  // The only way from a body to a request: validate() against input(), then read(). `body` is not needed
  // afterwards.
  Result<RequestPtr> parse(const json::Value& body, const RequestContext& context = {}) const;
  // The answer's JSON body. Requires an answer of the kind that this operation's evaluate() returns.
  virtual void write_answer(const Request& request, const Answer& answer, json::Writer& out) const = 0;

 protected:
  // The rest of parsing: a body that fits input() to a request, with everything refused that needs no table.
  virtual Result<std::shared_ptr<Request>> read(const json::Value& body) const = 0;
};

class StaticOperation : public Operation {
 public:
  Owner owner() const final { return Owner::kStatic; }
  virtual Result<Answer> answer(const Request& request) const = 0;
};

class TableOperation : public Operation {
 public:
  Owner owner() const final { return Owner::kTables; }
  // False: proposes nothing, ever, so any replica of group 0 that is fresh enough may answer.
  virtual bool writes() const = 0;
  virtual Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const = 0;
};

class ItemOperation : public Operation {
 public:
  Owner owner() const final { return Owner::kItem; }
  virtual bool writes() const = 0;
  // Reads only: whether the leader must confirm that it still leads (ConsistentRead). True for writes.
  virtual bool consistent(const Request& request) const = 0;
  // Where the request goes: model::item_key of the item that it names; the service's error where it does not
  // match the table's key schema. All further evaluation reads this one row.
  virtual Result<std::string> key(const model::Table& table, const Request& request) const = 0;
  virtual Evaluation evaluate(const model::Table& table, const ItemView& items, const Request& request,
                              model::Stamp stamp) const = 0;
};

// What a page has used up already, on the partitions before this one.
struct PageProgress {
  uint64_t scanned_count = 0;
  uint64_t bytes_evaluated = 0;
};

// Whether no key can be in the range. An empty `to` means no end (model::KeyRange).
inline bool is_empty(const model::KeyRange& range) { return !range.to.empty() && range.from >= range.to; }

class PageOperation : public Operation {
 public:
  Owner owner() const final { return Owner::kPage; }
  virtual bool consistent(const Request& request) const = 0;
  virtual bool forward(const Request& request) const = 0;
  // The keys still to be read: conditions, segment and ExclusiveStartKey in one range. is_empty(range): there
  // is nothing to read, and evaluate() with that range gives the empty page. Checks what needs the table: key
  // condition and start key against the schema, filter on key attributes.
  // Keys are the table's, or those of the index that the request names (model/index.h).
  virtual Result<model::KeyRange> range(const model::Table& table, const Request& request) const = 0;
  // The global index that the request reads; null: the table itself, or a local index. Its entries are the items of another
  // table, index_table_name(): the range is read there. The error where the table has no index of the name, or it can't be
  // read yet. `table` is the base table.
  virtual Result<const model::GlobalIndex*> global_index(const model::Table& table,
                                                         const Request& request) const = 0;
  // Reads `range` (what of range() lies in one partition) until it ends or the page is full. Where the page
  // is not `stopped`, the next partition follows (the one before, going backwards) with what this one used
  // added to `before`.
  // `table` is the one whose items are read: of a global index, the one that holds it (model::Table::index_of).
  virtual Result<PageAnswer> evaluate(const model::Table& table, const ItemView& items,
                                      const Request& request, const model::KeyRange& range,
                                      const PageProgress& before) const = 0;
  // Appends what the next partition gave. The capacity is rounded a partition; one without items costs
  // nothing beside others.
  virtual void merge(PageAnswer& page, PageAnswer next) const = 0;
};

class BatchOperation : public Operation {
 public:
  Owner owner() const final { return Owner::kBatch; }
  // The item operations that it stands for, each with its own operation and table.
  virtual const std::vector<RequestPtr>& parts(const Request& request) const = 0;
  // Checks that need the parts' keys: duplicates. keys[i] is the key of parts[i], of table tables[i].
  virtual Result<void> check_keys(const Request& request, const std::vector<std::string>& keys,
                                  const std::vector<model::TableId>& tables) const = 0;
  // The batch's answer: retriable errors (is_retriable) become unprocessed parts, unless all are; any other
  // error is the batch's. Requires an answer or an error for each part, in their order.
  virtual Result<Answer> combine(const Request& request, BatchAnswer parts) const = 0;
};

}  // namespace stator::api
