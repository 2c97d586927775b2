// Which mutant of mutants.toml is on. Included before everything else in the mutants' build; no other build has it.
#pragma once

namespace stator::mutants {

// Its number in mutants.toml, from 1; 0: none, the code as it ships. From STATOR_MUTANT, once, before main.
extern const unsigned active;

}  // namespace stator::mutants
