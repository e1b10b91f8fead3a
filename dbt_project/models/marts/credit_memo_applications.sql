{{ judged_applications('books') }}
