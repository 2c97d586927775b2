// Writing and reading back.
#include "cli/drill_load.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "cli/api_client.h"
#include "cli/json_fields.h"

namespace stator::cli {
namespace {

constexpr std::chrono::milliseconds kReadTimeout{10'000};

// "pk":{"S":...},"sk":{"N":...}
std::string key_of(const DrillTable& table, uint64_t number) {
  return R"("pk":{"S":")" + table.partition_key + R"("},"sk":{"N":")" + std::to_string(number) + R"("})";
}

std::optional<uint64_t> number_of(const api::json::Value& item) {
  const auto attribute = api::json::member(item, "sk");
  if (!attribute || !attribute->is_object()) return std::nullopt;
  const auto text = text_field(*attribute, "N");
  uint64_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc())
    return std::nullopt;
  return number;
}

}  // namespace

DrillLoad::DrillLoad(DrillTable table, std::vector<uint16_t> ports, unsigned writes_per_second)
    : table_(std::move(table)),
      ports_(std::move(ports)),
      interval_(std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(1)) / writes_per_second) {}

void DrillLoad::start() {
  begun_ = Clock::now();
  for (unsigned i = 0; i < kDrillThreads; ++i) threads_.emplace_back([this] { write(); });
}

void DrillLoad::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void DrillLoad::write() {
  std::vector<std::unique_ptr<ApiClient>> clients;
  for (const uint16_t port : ports_) clients.push_back(std::make_unique<ApiClient>(port));
  while (!stopping_) {
    const uint64_t number = sent_.fetch_add(1, std::memory_order_relaxed);
    std::this_thread::sleep_until(begun_ + interval_ * static_cast<int64_t>(number));
    const std::string body = R"({"TableName":")" + table_.name + R"(","Item":{)" + key_of(table_, number) + "}}";
    const auto answer = clients[number % clients.size()]->call("PutItem", body, kDrillTimeout);
    if (!answer || answer->status != 200) continue;
    const std::lock_guard lock(mutex_);
    acknowledged_.emplace(Clock::now(), number);
  }
}

size_t DrillLoad::acknowledged_count() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_.size();
}

std::set<uint64_t> DrillLoad::acknowledged() const {
  const std::lock_guard lock(mutex_);
  std::set<uint64_t> numbers;
  for (const auto& [moment, number] : acknowledged_) numbers.insert(number);
  return numbers;
}

DrillLoad::Clock::duration DrillLoad::longest_gap(Clock::time_point since, Clock::time_point until) const {
  const std::lock_guard lock(mutex_);
  Clock::duration longest{0};
  Clock::time_point last = since;
  const auto end = acknowledged_.lower_bound(until);
  for (auto at = acknowledged_.upper_bound(since); at != end; ++at) {
    longest = std::max(longest, at->first - last);
    last = at->first;
  }
  return std::max(longest, until - last);
}

model::Result<std::set<uint64_t>, std::string> read_back(const DrillTable& table, uint16_t port) {
  ApiClient client(port);
  api::json::Parser parser;
  std::set<uint64_t> found;
  std::string from;
  do {
    const std::string body = R"({"TableName":")" + table.name +
                             R"(","ConsistentRead":true,"KeyConditionExpression":"pk = :pk",)"
                             R"("ExpressionAttributeValues":{":pk":{"S":")" +
                             table.partition_key + R"("}})" + from + "}";
    const auto answer = client.call("Query", body, kReadTimeout);
    if (!answer) return model::Failure(answer.error());
    const auto page = parser.parse(answer->body);
    if (answer->status != 200 || !page) return model::Failure("a page cannot be read: " + answer->body);
    for (const auto& item : objects_field(*page, "Items")) {
      if (const auto number = number_of(item)) found.insert(*number);
    }
    const auto last = api::json::member(*page, "LastEvaluatedKey");
    const auto number = last && last->is_object() ? number_of(*last) : std::nullopt;
    from = number ? R"(,"ExclusiveStartKey":{)" + key_of(table, *number) + "}" : std::string();
  } while (!from.empty());
  return found;
}

}  // namespace stator::cli
