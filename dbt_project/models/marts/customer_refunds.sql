{{ judged_refunds('kept') }}
