import { graphql } from '../generated';

/** Changes which credits lists may spend. */
export const ALLOCATE = graphql(`
  mutation AllocateCredits($input: AllocateCreditsInput!) {
    allocateCredits(input: $input) {
      lists {
        id
        allocation {
          mode
          assigned
          available
          held
        }
      }
      balance {
        ...BalanceFigures
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);
