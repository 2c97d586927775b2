// Items to Cap'n Proto and back. On the way of every write (leader) and every read (any replica), so it sizes
// the message first, builds it in one segment, and checks as it reads. Pure; any thread.
#include "model/item_codec.h"

#include "model/flat_message.h"
#include "model/limits.h"
#include "schemas/item.capnp.h"

namespace stator::model {
namespace {

static_assert(kRecordNestingMax >= kNestingMax);
// A map costs three pointers a level (list, element, value); the root and its list come on top.
static_assert(3 * kRecordNestingMax + 4 <= kPointerNestingMax);

// Sizes in words of what the schema's structs take, held against the generated code.
constexpr size_t kAttributeWords = 2;
constexpr size_t kValueWords = 2;
constexpr size_t kNumberWords = 3;
constexpr size_t kTagWords = 1;   // before the elements of a list of structs
constexpr size_t kRootWords = 2;  // the root pointer, and Item's one
template <class Struct>
constexpr size_t words_of = Struct::_capnpPrivate::dataWordSize + Struct::_capnpPrivate::pointerCount;
static_assert(words_of<schemas::Item> + 1 == kRootWords);
static_assert(words_of<schemas::Attribute> == kAttributeWords);
static_assert(words_of<schemas::AttributeValue> == kValueWords);
static_assert(words_of<schemas::Number> == kNumberWords);

size_t blob_words(size_t bytes) { return (bytes + kWordBytes - 1) / kWordBytes; }

size_t strings_words(const std::vector<std::string>& values) {
  size_t words = values.size();
  for (const std::string& value : values) words += blob_words(value.size());
  return words;
}

size_t map_words(const AttributeMap& map, uint32_t depth);

// What the value takes beside its own struct.
size_t contents_words(const AttributeValue& value, uint32_t depth) {
  STATOR_ASSERT(depth <= kRecordNestingMax, "items are checked for their nesting before they are stored");
  switch (value.type()) {
    case AttributeType::kS:
      return blob_words(value.as_s()->size());
    case AttributeType::kN:
      return kNumberWords;
    case AttributeType::kB:
      return blob_words(value.as_b()->bytes.size());
    case AttributeType::kBool:
    case AttributeType::kNull:
      return 0;
    case AttributeType::kM:
      return map_words(*value.as_m(), depth + 1);
    case AttributeType::kL: {
      size_t words = kTagWords;
      for (const AttributeValue& element : *value.as_l())
        words += kValueWords + contents_words(element, depth + 1);
      return words;
    }
    case AttributeType::kSS:
      return strings_words(value.as_ss()->values);
    case AttributeType::kNS:
      return kTagWords + kNumberWords * value.as_ns()->values.size();
    case AttributeType::kBS:
      return strings_words(value.as_bs()->values);
  }
  STATOR_ASSERT(false, "an AttributeType outside the enum");
  return 0;
}

size_t map_words(const AttributeMap& map, uint32_t depth) {
  size_t words = kTagWords;
  for (const auto& [name, value] : map) {
    words += kAttributeWords + blob_words(name.size()) + kValueWords + contents_words(value, depth);
  }
  return words;
}

void write_number(const Number& number, schemas::Number::Builder out) {
  out.setHigh(static_cast<uint64_t>(number.coefficient() >> 64));
  out.setLow(static_cast<uint64_t>(number.coefficient()));
  out.setExponent(static_cast<int16_t>(number.exponent()));
  out.setNegative(number.is_negative());
}

void write_strings(const std::vector<std::string>& values, capnp::List<capnp::Data>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, data_reader(values[i]));
}

void write_map(const AttributeMap& map, capnp::List<schemas::Attribute>::Builder out);

void write_value(const AttributeValue& value, schemas::AttributeValue::Builder out) {
  const auto count = [](size_t size) { return static_cast<unsigned>(size); };
  switch (value.type()) {
    case AttributeType::kS:
      out.setS(data_reader(*value.as_s()));
      break;
    case AttributeType::kN:
      write_number(*value.as_n(), out.initN());
      break;
    case AttributeType::kB:
      out.setB(data_reader(value.as_b()->bytes));
      break;
    case AttributeType::kBool:
      out.setBool(*value.as_bool());
      break;
    case AttributeType::kNull:
      out.setNull();
      break;
    case AttributeType::kM:
      write_map(*value.as_m(), out.initM(count(value.as_m()->size())));
      break;
    case AttributeType::kL: {
      auto list = out.initL(count(value.as_l()->size()));
      for (unsigned i = 0; i < list.size(); ++i) write_value((*value.as_l())[i], list[i]);
      break;
    }
    case AttributeType::kSS:
      write_strings(value.as_ss()->values, out.initSs(count(value.as_ss()->values.size())));
      break;
    case AttributeType::kNS: {
      auto list = out.initNs(count(value.as_ns()->values.size()));
      for (unsigned i = 0; i < list.size(); ++i) write_number(value.as_ns()->values[i], list[i]);
      break;
    }
    case AttributeType::kBS:
      write_strings(value.as_bs()->values, out.initBs(count(value.as_bs()->values.size())));
      break;
  }
}

void write_map(const AttributeMap& map, capnp::List<schemas::Attribute>::Builder out) {
  unsigned i = 0;
  for (const auto& [name, value] : map) {
    auto attribute = out[i++];
    attribute.setName(data_reader(name));
    write_value(value, attribute.initValue());
  }
}

// Reads one payload. Each function is false where what it reads is no item's.
class PayloadReader {
 public:
  explicit PayloadReader(size_t payload_words) : elements_left_(payload_words) {}

  bool read_map(capnp::List<schemas::Attribute>::Reader in, uint32_t depth, AttributeMap& out) {
    if (!take_elements(in.size())) return false;
    auto& entries = out.entries();
    entries.reserve(in.size());
    for (const auto attribute : in) {
      const std::string_view name = data_view(attribute.getName());
      if (!entries.empty() && entries.back().first >= name) return false;
      entries.emplace_back(std::string(name), AttributeValue());
      if (!read_value(attribute.getValue(), depth, entries.back().second)) return false;
    }
    return true;
  }

 private:
  // Every element of a list takes a word at least as we write it. A list that claims more (Cap'n Proto can
  // say "2^29 elements of no size" in eight bytes) would make us allocate for what is not there.
  bool take_elements(size_t count) {
    if (count > elements_left_) return false;
    elements_left_ -= count;
    return true;
  }

  static bool read_number(schemas::Number::Reader in, Number& out) {
    const unsigned __int128 coefficient = static_cast<unsigned __int128>(in.getHigh()) << 64 | in.getLow();
    auto number = Number::from_parts(in.getNegative(), coefficient, in.getExponent());
    if (!number.ok()) return false;
    out = *number;
    return true;
  }

  bool read_strings(capnp::List<capnp::Data>::Reader in, std::vector<std::string>& out) {
    if (in.size() == 0 || !take_elements(in.size())) return false;
    out.reserve(in.size());
    for (const auto element : in) {
      const std::string_view text = data_view(element);
      if (!out.empty() && out.back() >= text) return false;
      out.emplace_back(text);
    }
    return true;
  }

  bool read_numbers(capnp::List<schemas::Number>::Reader in, std::vector<Number>& out) {
    if (in.size() == 0 || !take_elements(in.size())) return false;
    out.reserve(in.size());
    for (const auto element : in) {
      Number number;
      if (!read_number(element, number) || (!out.empty() && out.back() >= number)) return false;
      out.push_back(number);
    }
    return true;
  }

  bool read_list(capnp::List<schemas::AttributeValue>::Reader in, uint32_t depth, AttributeList& out) {
    if (!take_elements(in.size())) return false;
    out.resize(in.size());
    for (unsigned i = 0; i < in.size(); ++i) {
      if (!read_value(in[i], depth, out[i])) return false;
    }
    return true;
  }

  // `depth` maps and lists are around the value.
  bool read_value(schemas::AttributeValue::Reader in, uint32_t depth, AttributeValue& out) {
    auto& variant = out.variant();
    const bool may_nest = depth < kRecordNestingMax;
    switch (in.which()) {
      case schemas::AttributeValue::S:
        variant.emplace<std::string>(data_view(in.getS()));
        return true;
      case schemas::AttributeValue::N:
        return read_number(in.getN(), variant.emplace<Number>());
      case schemas::AttributeValue::B:
        variant.emplace<Binary>().bytes = data_view(in.getB());
        return true;
      case schemas::AttributeValue::BOOL:
        variant.emplace<bool>(in.getBool());
        return true;
      case schemas::AttributeValue::NULL_:
        variant.emplace<Null>();
        return true;
      case schemas::AttributeValue::M:
        return may_nest && read_map(in.getM(), depth + 1, variant.emplace<AttributeMap>());
      case schemas::AttributeValue::L:
        return may_nest && read_list(in.getL(), depth + 1, variant.emplace<AttributeList>());
      case schemas::AttributeValue::SS:
        return read_strings(in.getSs(), variant.emplace<StringSet>().values);
      case schemas::AttributeValue::NS:
        return read_numbers(in.getNs(), variant.emplace<NumberSet>().values);
      case schemas::AttributeValue::BS:
        return read_strings(in.getBs(), variant.emplace<BinarySet>().values);
    }
    return false;  // a member that a later version added
  }

  size_t elements_left_;
};

}  // namespace

void append_item_payload(std::string& out, const Item& item) {
  const size_t words = kRootWords + map_words(item, 0);
  append_flat_message(out, words, [&](capnp::MessageBuilder& message) {
    write_map(item, message.initRoot<schemas::Item>().initAttributes(static_cast<unsigned>(item.size())));
  });
}

bool read_item_payload(std::string_view bytes, Item& out) {
  out = Item();
  return read_flat_message<schemas::Item>(bytes, [&](schemas::Item::Reader root) {
    return PayloadReader(bytes.size() / kWordBytes).read_map(root.getAttributes(), 0, out);
  });
}

}  // namespace stator::model
