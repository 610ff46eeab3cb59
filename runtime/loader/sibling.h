/// runtime/loader/sibling.h: contexts and handles of one interpreter across versions and modes, for
/// extensions that call each other (hpystate/sibling.h in include/).
///
///     context of any version --_private--> head: version, mode, region, trunk
///     head.trunk              the context of kTrunk that it forwards to; null: it is one
///     kOffers[...].sibling()  from a context of any version to the one of that row
///
/// So the sibling of a context is that of another version around the same context of kTrunk, and
/// has the same mode. A handle is an object's address in plain and trace mode, and a record's in
/// debug mode, whatever the version is. So a handle becomes one of another context by way of its
/// object.
#pragma once

#include "runtime/loader/inspect.h"

namespace hpystate {

/// Fills the file's link, if it has one that is not filled yet and that this runtime serves; else
/// its extension calls extensions of its own version only. Called before a module is made of the
/// file. Two copies of this runtime may both try: one of them wins the link, and raises where a
/// context of the other one is passed.
void fill_sibling_link(const InspectedFile& file);

} // namespace hpystate
