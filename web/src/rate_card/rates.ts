import { graphql } from '../generated';

/** All rates of one version, with what a file doesn't hold. */
export const RATES = graphql(`
  query Rates($id: ID!) {
    node(id: $id) {
      ... on RateCard {
        id
        rates {
          countryCode
          sms
          mms
          nationalLanguages
          concatenationReference
        }
      }
    }
  }
`);
