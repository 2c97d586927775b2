// TableRecord: a table as it lies in group 0's rows, in schema entries of the log and in snapshots: a small
// little-endian header and a Cap'n Proto body (schemas/metadata.capnp). docs/storage_format.md lists the
// fields; golden-byte tests hold it still. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "model/item_record.h"
#include "model/result.h"
#include "model/table.h"

namespace stator::model {

std::string encode_table_record(const Table& table);
// kMalformed also where a field's value is none of its enum's, a key attribute has no name or a type that no
// key has.
Result<Table, RecordError> decode_table_record(std::string_view bytes);

}  // namespace stator::model
