// Micro-benchmarks of model/: what one PutItem or GetItem pays for numbers, keys and records. The put path
// has about 20 us of CPU in all (docs/architecture.md, protocol 24); these are its smallest pieces.
#include <benchmark/benchmark.h>

#include "model/checksum.h"
#include "model/item_record.h"
#include "model/key.h"
#include "model/size.h"

namespace stator::model {
namespace {

// 100 bytes as the service counts, as the comparisons with other servers use.
Item item_of_100_bytes() {
  return {{"pk", AttributeValue::s("user#0000012345")},
          {"sk", AttributeValue::n(1'700'000'000)},
          {"name", AttributeValue::s(std::string(30, 'n'))},
          {"score", AttributeValue::n(*Number::parse("123.456"))},
          {"note", AttributeValue::s(std::string(23, 'x'))}};
}

// About 4 KB: 40 attributes, a nested map and a list.
Item item_of_4_kilobytes() {
  Item item = item_of_100_bytes();
  for (int i = 0; i < 36; ++i)
    item.set("attribute" + std::to_string(i), AttributeValue::s(std::string(90, 'v')));
  item.set("map", AttributeValue::m(item_of_100_bytes()));
  item.set("list", AttributeValue::l(AttributeList(20, AttributeValue::n(7))));
  return item;
}

const KeySchema kSchema = {{"pk", AttributeType::kS}, KeyAttribute{"sk", AttributeType::kN}};

ItemRecordHeader header_of(const Item& item) {
  ItemRecordHeader header;
  header.version_index = 123'456;
  header.stamp = Stamp{1'700'000'000'000'000};
  header.item_bytes = static_cast<uint32_t>(size_bytes(item));
  return header;
}

Item item_for(const benchmark::State& state) {
  return state.range(0) == 100 ? item_of_100_bytes() : item_of_4_kilobytes();
}

void BM_EncodeRecord(benchmark::State& state) {
  const Item item = item_for(state);
  const std::string key = *item_key(kSchema, item);
  const ItemRecordHeader header = header_of(item);
  for (auto _ : state) benchmark::DoNotOptimize(encode_item_record(key, header, item));
  state.counters["record_bytes"] = static_cast<double>(encode_item_record(key, header, item).size());
}
BENCHMARK(BM_EncodeRecord)->Arg(100)->Arg(4096);

void BM_DecodeRecord(benchmark::State& state) {
  const Item item = item_for(state);
  const std::string key = *item_key(kSchema, item);
  const std::string record = encode_item_record(key, header_of(item), item);
  for (auto _ : state) benchmark::DoNotOptimize(decode_item_record(key, record));
}
BENCHMARK(BM_DecodeRecord)->Arg(100)->Arg(4096);

void BM_DecodeRecordHeader(benchmark::State& state) {
  const Item item = item_for(state);
  const std::string key = *item_key(kSchema, item);
  const std::string record = encode_item_record(key, header_of(item), item);
  for (auto _ : state) benchmark::DoNotOptimize(decode_item_record_header(key, record));
}
BENCHMARK(BM_DecodeRecordHeader)->Arg(100)->Arg(4096);

void BM_Checksum(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(checksum_of({"a key of the item", bytes}));
}
BENCHMARK(BM_Checksum)->Arg(200)->Arg(480)->Arg(600)->Arg(5000);

void BM_ItemKey(benchmark::State& state) {
  const Item item = item_of_100_bytes();
  for (auto _ : state) benchmark::DoNotOptimize(item_key(kSchema, item));
}
BENCHMARK(BM_ItemKey);

void BM_DecodeItemKey(benchmark::State& state) {
  const std::string key = *item_key(kSchema, item_of_100_bytes());
  for (auto _ : state) benchmark::DoNotOptimize(decode_item_key(kSchema, key));
}
BENCHMARK(BM_DecodeItemKey);

void BM_PartitionHash(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(partition_hash("user#0000012345"));
}
BENCHMARK(BM_PartitionHash);

void BM_SizeBytes(benchmark::State& state) {
  const Item item = item_for(state);
  for (auto _ : state) benchmark::DoNotOptimize(size_bytes(item));
}
BENCHMARK(BM_SizeBytes)->Arg(100)->Arg(4096);

const char* const kNumberTexts[] = {"7", "1700000000", "-123.456", "12345678901234567890123456789012345678",
                                    "1.5E-100"};

void BM_NumberParse(benchmark::State& state) {
  const std::string_view text = kNumberTexts[state.range(0)];
  state.SetLabel(std::string(text));
  for (auto _ : state) benchmark::DoNotOptimize(Number::parse(text));
}
BENCHMARK(BM_NumberParse)->DenseRange(0, 4);

void BM_NumberToString(benchmark::State& state) {
  const Number number = *Number::parse(kNumberTexts[state.range(0)]);
  state.SetLabel(kNumberTexts[state.range(0)]);
  for (auto _ : state) benchmark::DoNotOptimize(number.to_string());
}
BENCHMARK(BM_NumberToString)->DenseRange(0, 4);

void BM_NumberKeyBytes(benchmark::State& state) {
  const Number number = *Number::parse(kNumberTexts[state.range(0)]);
  state.SetLabel(kNumberTexts[state.range(0)]);
  for (auto _ : state) benchmark::DoNotOptimize(number.key_bytes());
}
BENCHMARK(BM_NumberKeyBytes)->DenseRange(0, 4);

void BM_NumberAdd(benchmark::State& state) {
  const Number number = *Number::parse(kNumberTexts[state.range(0)]);
  const Number one = Number::from_int(1);
  state.SetLabel(kNumberTexts[state.range(0)]);
  for (auto _ : state) benchmark::DoNotOptimize(Number::add(number, one));
}
BENCHMARK(BM_NumberAdd)->DenseRange(0, 3);

}  // namespace
}  // namespace stator::model
