// Fuzz target: the input is a record, and the payload of one. Goal: no bytes crash the readers or make them
// take memory that the bytes do not hold; what is accepted can be written again and reads as the same item.
#include <cstdint>
#include <string_view>

#include "model/assert.h"
#include "model/item_codec.h"
#include "model/item_record.h"
#include "model/size.h"
#include "model/table_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stator::model;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)decode_item_record("key", input).ok();
  (void)decode_table_record(input).ok();

  Item item;
  if (!read_item_payload(input, item)) return 0;
  (void)size_bytes(item);
  ItemRecordHeader header;
  header.item_bytes = 1;
  const std::string record = encode_item_record("key", header, item);
  const auto back = decode_item_record("key", record);
  STATOR_ASSERT(back.ok() && back->item == item, "what was read can be written and read again");
  return 0;
}
