{{ judged_refunds('books') }}
