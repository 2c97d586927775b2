// Items whose time has come, and tombstones whose time is over.
#include "api/internal/expire_item.h"

#include "api/operations/index_changes.h"
#include "model/assert.h"
#include "model/expiry.h"

namespace stator::api {
namespace {

constexpr Shape kInput = {.type = ShapeType::kStructure, .name = "ExpireItemInput"};

const ExpireItemRequest& typed(const Request& request) {
  return static_cast<const ExpireItemRequest&>(request);
}

// Whether the row under which the item was found still says the truth, and it is time.
bool is_due(const model::Table& table, const StoredItem& stored, uint32_t seconds, model::Stamp stamp) {
  if (table.index_of) return stored.tombstone && static_cast<uint64_t>(stamp.seconds()) >= seconds;
  const auto expiry = model::expiry_seconds(table.time_to_live, stored.item);
  return expiry == seconds && model::has_expired(seconds, stamp);
}

}  // namespace

constinit const ExpireItem kExpireItem;

const Shape& ExpireItem::input() const { return kInput; }

Result<std::shared_ptr<Request>> ExpireItem::read(const json::Value&) const {
  return internal_error("Expiry stays on its node");
}

Result<std::string> ExpireItem::key(const model::Table&, const Request& request) const { return typed(request).key; }

// The row goes in every case: where the item has another expiry by now, another row says so.
Evaluation ExpireItem::evaluate(const model::Table& table, const ItemView& items, const Request& request,
                                model::Stamp stamp) const {
  const ExpireItemRequest& expire = typed(request);
  auto stored = items.get(expire.key);
  if (!stored) return std::move(stored).error();
  Effects effects;
  effects.answer = ItemAnswer{};
  if (*stored && is_due(table, **stored, expire.seconds, stamp)) {
    ItemChange change;
    change.key = expire.key;
    change.old_item = std::move(stored).value();
    if (!table.index_of) add_index_changes(table, change);
    effects.items.push_back(std::move(change));
  }
  effects.rows.push_back({model::RowKind::kTtl, expire.expiry, std::nullopt});
  return effects;
}

void ExpireItem::write_answer(const Request&, const Answer&, json::Writer&) const {
  STATOR_ASSERT(false, "no client hears of it");
}

}  // namespace stator::api
