// The grammar. Operands are read by recursive descent (functions nest, each costing an operator); conditions
// by a loop over a stack of open groups, since 4 KB of text can hold 4,000 parentheses.
//
//   condition  = operand comparator operand | operand BETWEEN operand AND operand | operand IN ( operand, ...
//   )
//              | function | ( condition ) | NOT condition | condition AND condition | condition OR condition
//   operand    = path | :value | function | ( operand )
//   function   = name ( operand, ... )
//   path       = name { . name | [ index ] }         name = identifier | #alias
//   update     = { SET path = value, ... | REMOVE path, ... | ADD path :value, ... | DELETE path :value, ...
//   } value      = operand | arithmetic      arithmetic = operand + operand | operand - operand | (
//   arithmetic ) projection = path, ...
#include "api/expressions/parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "api/expressions/lexer.h"
#include "api/expressions/messages.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::expressions {
namespace {

constexpr std::array<std::pair<std::string_view, Function>, 8> kFunctions = {{
    {"attribute_exists", Function::kAttributeExists},
    {"attribute_not_exists", Function::kAttributeNotExists},
    {"attribute_type", Function::kAttributeType},
    {"begins_with", Function::kBeginsWith},
    {"contains", Function::kContains},
    {"size", Function::kSize},
    {"if_not_exists", Function::kIfNotExists},
    {"list_append", Function::kListAppend},
}};

// Function names are lower case only.
Function function_named(std::string_view name) {
  for (const auto& [known, function] : kFunctions) {
    if (known == name) return function;
  }
  return Function::kUnknown;
}

std::optional<Comparator> comparator_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEqual:
      return Comparator::kEqual;
    case TokenKind::kNotEqual:
      return Comparator::kNotEqual;
    case TokenKind::kLess:
      return Comparator::kLess;
    case TokenKind::kLessOrEqual:
      return Comparator::kLessOrEqual;
    case TokenKind::kGreater:
      return Comparator::kGreater;
    case TokenKind::kGreaterOrEqual:
      return Comparator::kGreaterOrEqual;
    default:
      return std::nullopt;
  }
}

// What may follow the first operand of a condition.
bool continues_operand(TokenKind kind) {
  return comparator_of(kind) || kind == TokenKind::kBetween || kind == TokenKind::kIn;
}

// An open parenthesis of a condition, or the condition itself at the bottom: what was read of it so far.
struct Group {
  std::vector<ConditionNode> alternatives;  // between ORs: done
  std::vector<ConditionNode> conjuncts;     // between ANDs, of the alternative being read
  size_t negations = 0;                     // NOTs before the next primary
  bool last_is_group = false;               // the last primary was a parenthesized condition, without NOT

  bool untouched() const { return alternatives.empty() && conjuncts.empty() && negations == 0; }
};

ConditionNode combine(ConditionNode::Kind kind, std::vector<ConditionNode> parts) {
  STATOR_ASSERT(!parts.empty(), "a group holds at least one condition");
  if (parts.size() == 1) return std::move(parts.front());
  ConditionNode node;
  node.kind = kind;
  node.children = std::move(parts);
  return node;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(tokenize(text)) {}

  // Each returns false with error() set, or has read the whole text.
  bool condition(ConditionNode& out);
  bool projection(std::vector<PathOperand>& out);
  bool update(UpdateSyntax& out);

  const std::string& error() const { return error_; }
  bool redundant_parentheses() const { return redundant_; }

 private:
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
  }
  bool at(TokenKind kind) const { return peek().kind == kind; }
  void advance() {
    if (position_ + 1 < tokens_.size()) ++position_;
  }
  bool accept(TokenKind kind) {
    if (!at(kind)) return false;
    advance();
    return true;
  }
  bool expect(TokenKind kind) { return accept(kind) || fail_here(); }
  // A syntax error at the current token.
  bool fail_here();
  bool count_operator();

  bool path(PathOperand& out);
  bool operand(Operand& out);
  bool bare_operand(Operand& out);
  bool function(FunctionOperand& out);
  bool operand_list(std::vector<Operand>& out);

  bool condition_primary(std::vector<Group>& groups);
  size_t close_operand_parentheses(const std::vector<Group>& groups, bool is_function) const;
  bool condition_after_operand(Operand first, ConditionNode& out);
  bool condition_operator(std::vector<Group>& groups, bool& done);
  static void add_primary(Group& group, ConditionNode node, bool is_group);
  static ConditionNode close_group(Group group);

  bool update_section(UpdateSyntax& out);
  bool update_action(UpdateSection section, UpdateAction& out);
  bool set_value(Operand& out);

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t position_ = 0;
  size_t operators_ = 0;
  bool redundant_ = false;
  std::string error_;
};

bool Parser::fail_here() {
  // The service shows the token with its neighbours, as they stand in the text.
  const size_t first = position_ == 0 ? 0 : position_ - 1;
  const size_t last = std::min(position_ + 1, tokens_.size() - 1);
  const size_t from = tokens_[first].offset;
  const size_t to = tokens_[last].offset + tokens_[last].text.size();
  const std::string_view token = at(TokenKind::kEnd) ? std::string_view("<EOF>") : peek().text;
  error_ = messages::syntax_error(token, text_.substr(from, to - from));
  return false;
}

bool Parser::count_operator() {
  if (++operators_ <= model::kExpressionOperatorsMax) return true;
  error_ = messages::too_many_operators(operators_);
  return false;
}

bool Parser::path(PathOperand& out) {
  for (;;) {
    PathSegment segment;
    if (at(TokenKind::kIdentifier)) {
      segment.kind = PathSegment::Kind::kName;
    } else if (at(TokenKind::kNamePlaceholder)) {
      segment.kind = PathSegment::Kind::kAlias;
    } else {
      return fail_here();
    }
    segment.text = peek().text;
    out.segments.push_back(std::move(segment));
    advance();
    while (accept(TokenKind::kLeftBracket)) {
      if (!at(TokenKind::kIndex)) return fail_here();
      out.segments.push_back({PathSegment::Kind::kIndex, std::string(peek().text)});
      advance();
      if (!expect(TokenKind::kRightBracket)) return false;
    }
    if (!accept(TokenKind::kDot)) return true;
  }
}

bool Parser::operand(Operand& out) {
  size_t open = 0;
  while (accept(TokenKind::kLeftParenthesis)) ++open;
  if (!bare_operand(out)) return false;
  if (open > 1) redundant_ = true;
  for (; open > 0; --open) {
    if (!expect(TokenKind::kRightParenthesis)) return false;
  }
  return true;
}

bool Parser::bare_operand(Operand& out) {
  if (at(TokenKind::kValuePlaceholder)) {
    out.node = ValueOperand{std::string(peek().text), nullptr};
    advance();
    return true;
  }
  if (at(TokenKind::kIdentifier) && peek(1).kind == TokenKind::kLeftParenthesis) {
    return function(out.node.emplace<FunctionOperand>());
  }
  return path(out.node.emplace<PathOperand>());
}

bool Parser::function(FunctionOperand& out) {
  if (!count_operator()) return false;
  out.name = peek().text;
  out.function = function_named(out.name);
  advance();
  advance();
  return operand_list(out.arguments) && expect(TokenKind::kRightParenthesis);
}

bool Parser::operand_list(std::vector<Operand>& out) {
  do {
    if (!operand(out.emplace_back())) return false;
  } while (accept(TokenKind::kComma));
  return true;
}

bool Parser::condition(ConditionNode& out) {
  std::vector<Group> groups(1);
  bool done = false;
  while (!done) {
    if (!condition_primary(groups)) return false;
    if (!condition_operator(groups, done)) return false;
  }
  STATOR_ASSERT(groups.size() == 1, "all groups are closed");
  out = close_group(std::move(groups.back()));
  return true;
}

// Reads NOTs and parentheses that open, then one condition without AND, OR, NOT.
bool Parser::condition_primary(std::vector<Group>& groups) {
  for (;;) {
    if (accept(TokenKind::kNot)) {
      if (!count_operator()) return false;
      ++groups.back().negations;
    } else if (accept(TokenKind::kLeftParenthesis)) {
      groups.emplace_back();
    } else {
      break;
    }
  }
  Operand first;
  if (!bare_operand(first)) return false;
  // What looked like groups may turn out to be parentheses around the first operand: (a) = :v.
  const size_t around_operand = close_operand_parentheses(groups, first.function() != nullptr);
  if (around_operand > 1) redundant_ = true;
  for (size_t i = 0; i < around_operand; ++i) {
    groups.pop_back();
    advance();
  }
  ConditionNode node;
  if (!condition_after_operand(std::move(first), node)) return false;
  add_primary(groups.back(), std::move(node), false);
  return true;
}

// How many of the next closing parentheses belong to the operand just read: as many as stand there, unless it
// is a function and what follows them does not go on with an operand: then it is a condition in a group.
size_t Parser::close_operand_parentheses(const std::vector<Group>& groups, bool is_function) const {
  size_t count = 0;
  while (count + 1 < groups.size() && groups[groups.size() - 1 - count].untouched() &&
         peek(count).kind == TokenKind::kRightParenthesis) {
    ++count;
  }
  return is_function && !continues_operand(peek(count).kind) ? 0 : count;
}

bool Parser::condition_after_operand(Operand first, ConditionNode& out) {
  const bool is_function = first.function() != nullptr;
  out.operands.push_back(std::move(first));
  if (const auto comparator = comparator_of(peek().kind)) {
    advance();
    out.kind = ConditionNode::Kind::kCompare;
    out.comparator = *comparator;
    return count_operator() && operand(out.operands.emplace_back());
  }
  if (accept(TokenKind::kBetween)) {
    out.kind = ConditionNode::Kind::kBetween;
    return count_operator() && operand(out.operands.emplace_back()) && expect(TokenKind::kAnd) &&
           operand(out.operands.emplace_back());
  }
  if (accept(TokenKind::kIn)) {
    out.kind = ConditionNode::Kind::kIn;
    return count_operator() && expect(TokenKind::kLeftParenthesis) && operand_list(out.operands) &&
           expect(TokenKind::kRightParenthesis);
  }
  out.kind = ConditionNode::Kind::kFunction;
  return is_function || fail_here();
}

// After a condition: closes groups, then wants AND, OR or the end.
bool Parser::condition_operator(std::vector<Group>& groups, bool& done) {
  while (groups.size() > 1 && accept(TokenKind::kRightParenthesis)) {
    Group group = std::move(groups.back());
    groups.pop_back();
    if (group.alternatives.empty() && group.conjuncts.size() == 1 && group.last_is_group) redundant_ = true;
    add_primary(groups.back(), close_group(std::move(group)), true);
  }
  Group& group = groups.back();
  if (accept(TokenKind::kAnd)) return count_operator();
  if (accept(TokenKind::kOr)) {
    group.alternatives.push_back(combine(ConditionNode::Kind::kAnd, std::exchange(group.conjuncts, {})));
    return count_operator();
  }
  done = groups.size() == 1 && at(TokenKind::kEnd);
  return done || fail_here();
}

void Parser::add_primary(Group& group, ConditionNode node, bool is_group) {
  group.last_is_group = is_group && group.negations == 0;
  for (; group.negations > 0; --group.negations) {
    ConditionNode negation;
    negation.kind = ConditionNode::Kind::kNot;
    negation.children.push_back(std::move(node));
    node = std::move(negation);
  }
  group.conjuncts.push_back(std::move(node));
}

ConditionNode Parser::close_group(Group group) {
  group.alternatives.push_back(combine(ConditionNode::Kind::kAnd, std::move(group.conjuncts)));
  return combine(ConditionNode::Kind::kOr, std::move(group.alternatives));
}

bool Parser::projection(std::vector<PathOperand>& out) {
  do {
    if (!path(out.emplace_back())) return false;
  } while (accept(TokenKind::kComma));
  return at(TokenKind::kEnd) || fail_here();
}

bool Parser::update(UpdateSyntax& out) {
  do {
    if (!update_section(out)) return false;
  } while (!at(TokenKind::kEnd));
  return true;
}

bool Parser::update_section(UpdateSyntax& out) {
  UpdateSection section;
  switch (peek().kind) {
    case TokenKind::kSet:
      section = UpdateSection::kSet;
      break;
    case TokenKind::kRemove:
      section = UpdateSection::kRemove;
      break;
    case TokenKind::kAdd:
      section = UpdateSection::kAdd;
      break;
    case TokenKind::kDelete:
      section = UpdateSection::kDelete;
      break;
    default:
      return fail_here();
  }
  advance();
  out.sections.push_back(section);
  do {
    if (!update_action(section, out.actions.emplace_back())) return false;
  } while (accept(TokenKind::kComma));
  return true;
}

bool Parser::update_action(UpdateSection section, UpdateAction& out) {
  out.section = section;
  if (!path(out.target)) return false;
  if (section == UpdateSection::kRemove) return true;
  if (section == UpdateSection::kSet) return expect(TokenKind::kEqual) && set_value(out.value.emplace_back());
  return at(TokenKind::kValuePlaceholder) ? bare_operand(out.value.emplace_back()) : fail_here();
}

// An operand, or + or - between two, in parentheses or not. What an opening parenthesis belongs to shows only
// when the first operand has been read: (a) + b, (a + b), ((a) + b).
bool Parser::set_value(Operand& out) {
  size_t open = 0;
  while (accept(TokenKind::kLeftParenthesis)) ++open;
  if (!bare_operand(out)) return false;
  size_t around_operand = 0;
  while (around_operand < open && accept(TokenKind::kRightParenthesis)) ++around_operand;
  if (around_operand > 1) redundant_ = true;
  open -= around_operand;
  const bool subtract = at(TokenKind::kMinus);
  if (!subtract && !at(TokenKind::kPlus)) return open == 0 || fail_here();
  advance();
  if (!count_operator()) return false;
  ArithmeticOperand arithmetic;
  arithmetic.subtract = subtract;
  arithmetic.arguments.push_back(std::move(out));
  if (!operand(arithmetic.arguments.emplace_back())) return false;
  out.node = std::move(arithmetic);
  if (open > 1) redundant_ = true;
  for (; open > 0; --open) {
    if (!expect(TokenKind::kRightParenthesis)) return false;
  }
  return true;
}

// Checks the text's size and runs one of Parser's entry points on it.
template <class Tree>
Result<Parsed<Tree>> parse(ExpressionKind kind, std::string_view text, bool (Parser::*entry)(Tree&)) {
  if (text.size() > model::kExpressionSizeMax) {
    return Failure(messages::invalid(kind, messages::expression_is_too_large(text.size())));
  }
  if (text.empty()) return Failure(messages::invalid(kind, messages::expression_is_empty()));
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return Failure(messages::invalid(kind, messages::syntax_error("<EOF>", text)));
  }
  Parser parser(text);
  Parsed<Tree> parsed;
  if (!(parser.*entry)(parsed.tree)) return Failure(messages::invalid(kind, parser.error()));
  parsed.redundant_parentheses = parser.redundant_parentheses();
  return parsed;
}

}  // namespace

Result<Parsed<ConditionNode>> parse_condition_syntax(ExpressionKind kind, std::string_view text) {
  return parse<ConditionNode>(kind, text, &Parser::condition);
}

Result<Parsed<std::vector<PathOperand>>> parse_projection_syntax(std::string_view text) {
  return parse<std::vector<PathOperand>>(ExpressionKind::kProjection, text, &Parser::projection);
}

Result<Parsed<UpdateSyntax>> parse_update_syntax(std::string_view text) {
  return parse<UpdateSyntax>(ExpressionKind::kUpdate, text, &Parser::update);
}

std::string_view comparator_name(Comparator comparator) {
  switch (comparator) {
    case Comparator::kEqual:
      return "=";
    case Comparator::kNotEqual:
      return "<>";
    case Comparator::kLess:
      return "<";
    case Comparator::kLessOrEqual:
      return "<=";
    case Comparator::kGreater:
      return ">";
    case Comparator::kGreaterOrEqual:
      return ">=";
  }
  STATOR_ASSERT(false, "no such comparator");
  return {};
}

std::string_view section_name(UpdateSection section) {
  switch (section) {
    case UpdateSection::kSet:
      return "SET";
    case UpdateSection::kRemove:
      return "REMOVE";
    case UpdateSection::kAdd:
      return "ADD";
    case UpdateSection::kDelete:
      return "DELETE";
  }
  STATOR_ASSERT(false, "no such section");
  return {};
}

}  // namespace stator::expressions
