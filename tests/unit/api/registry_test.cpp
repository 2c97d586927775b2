// Goal: one list of operations, sound in itself, and each of its entries documented.
#include "api/registry.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace stator::api {
namespace {

std::string compatibility_page() {
  std::ifstream file(std::filesystem::path(STATOR_TEST_DATA) / "../../docs/compatibility.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Registry, IsSortedAndFindsEachOperation) {
  EXPECT_TRUE(std::ranges::is_sorted(operations(), {}, &Operation::name));
  for (const Operation* operation : operations()) EXPECT_EQ(find_operation(operation->name()), operation);
  EXPECT_EQ(find_operation(""), nullptr);
  EXPECT_EQ(find_operation("putItem"), nullptr);
  EXPECT_EQ(find_operation("PutItem2"), nullptr);
  EXPECT_EQ(find_operation("ZZZ"), nullptr);
}

// docs/compatibility.md has a section an operation, and a row for each member of its input.
TEST(Registry, EachOperationAndMemberIsDocumented) {
  const std::string page = compatibility_page();
  ASSERT_FALSE(page.empty());
  for (const Operation* operation : operations()) {
    const std::string heading = "\n### " + std::string(operation->name()) + "\n";
    const size_t from = page.find(heading);
    ASSERT_NE(from, std::string::npos) << operation->name();
    const size_t to = page.find("\n### ", from + heading.size());
    const std::string section = page.substr(from, to - from);
    for (const Member& member : operation->input().members())
      EXPECT_NE(section.find("`" + std::string(member.name) + "`"), std::string::npos)
          << operation->name() << " " << member.name;
  }
}

void check_shape(const Shape& shape, std::set<const Shape*>& seen) {
  if (!seen.insert(&shape).second) return;
  EXPECT_FALSE(shape.name.empty());
  EXPECT_LE(shape.bounds.min, shape.bounds.max) << shape.name;
  EXPECT_TRUE(shape.pattern.empty() || shape.pattern == kNamePattern) << shape.name;
  EXPECT_EQ(shape.type == ShapeType::kList || shape.type == ShapeType::kMap, shape.element != nullptr)
      << shape.name;
  EXPECT_EQ(shape.type == ShapeType::kMap, shape.key != nullptr) << shape.name;
  if (shape.element != nullptr) check_shape(*shape.element, seen);
  if (shape.key != nullptr) check_shape(*shape.key, seen);
  std::set<std::string_view> names;
  for (const Member& member : shape.members()) {
    EXPECT_TRUE(names.insert(member.name).second) << shape.name << " " << member.name;
    ASSERT_NE(member.shape, nullptr);
    EXPECT_FALSE(member.presence == kRequired && member.support == Support::kRefused) << member.name;
    check_shape(*member.shape, seen);
  }
  EXPECT_LE(names.size(), 64u) << shape.name;  // the validator's bit mask
}

TEST(Registry, ShapesAreWellFormed) {
  std::set<const Shape*> seen;
  for (const Operation* operation : operations()) {
    EXPECT_EQ(operation->input().type, ShapeType::kStructure);
    check_shape(operation->input(), seen);
  }
  EXPECT_GT(seen.size(), 80u);
}

}  // namespace
}  // namespace stator::api
