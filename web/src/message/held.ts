import { graphql } from '../generated';

/** What changes with a scheduled message: the credits that it holds, and those of its list. */
export const HELD_MESSAGE = graphql(`
  fragment HeldMessage on Message {
    id
    credits
    list {
      id
      allocation {
        mode
        assigned
        available
        held
      }
    }
  }
`);
