/** What the application knows of the migrations that ran: code is deployed after the schema it needs. */
export type Feature = 'loyalty points' | 'product titles' | 'payments' | 'returns' | 'visits';

export type Features = ReadonlySet<Feature>;
